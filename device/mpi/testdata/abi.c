/* An MPI of one rank with the ABI of MPI-5: it knows the handles and constants of the
   standard, and fails with MPI_ERR_ARG (13) for any other. */
#include <stdint.h>
#include <string.h>

static int funneled;

static uintptr_t width(void *type) {
	return type == (void *)0x210 ? 4 : type == (void *)0x214 ? 8 : 0;
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided) {
	funneled = required == 1024;
	*provided = required;
	return argc || argv ? 13 : 0;
}
int MPI_Comm_set_errhandler(void *comm, void *handler) {
	return comm == (void *)0x101 && handler == (void *)0x143 && funneled ? 0 : 13;
}
int MPI_Comm_rank(void *comm, int *rank) { *rank = 0; return comm == (void *)0x101 ? 0 : 13; }
int MPI_Comm_size(void *comm, int *size) { *size = 1; return comm == (void *)0x101 ? 0 : 13; }
int MPI_Allreduce(const void *from, void *to, int n, void *type, void *op, void *comm) {
	return from == (void *)1 && to && n > 0 && type == (void *)0x210 && op == (void *)0x21 && comm == (void *)0x101 ? 0 : 13;
}
int MPI_Allgather(const void *from, int n, void *type, void *to, int m, void *other, void *comm) {
	if (n != m || type != other || !width(type) || comm != (void *)0x101)
		return 13;
	memcpy(to, from, n * width(type));
	return 0;
}
int MPI_Alltoall(const void *from, int n, void *type, void *to, int m, void *other, void *comm) {
	return MPI_Allgather(from, n, type, to, m, other, comm);
}
int MPI_Bcast(void *values, int n, void *type, int root, void *comm) {
	return values && n > 0 && width(type) && root == 0 && comm == (void *)0x101 ? 0 : 13;
}
int MPI_Barrier(void *comm) { return comm == (void *)0x101 ? 0 : 13; }
int MPI_Error_string(int code, char *text, int *length) {
	strcpy(text, code == 13 ? "wrong argument" : "?");
	*length = strlen(text);
	return 0;
}
int MPI_Abort(void *comm, int code) { return 0; }
int MPI_Finalize(void) { return 0; }
