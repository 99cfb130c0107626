package main
import ("testing";"os";"context";"strings")
func TestZZ(t *testing.T){
 e:=&env{stdin:os.Stdin,stdout:os.Stdout,stderr:os.Stderr}
 c:=newBenchCommand(e)
 c.SilenceUsage,c.SilenceErrors=true,true
 c.SetArgs(strings.Fields(os.Getenv("ZZ")))
 if err:=c.ExecuteContext(context.Background());err!=nil{t.Log(e.exit(context.Background(),err))}
}
