# make demo   install what is missing, train on Fashion-MNIST, print the test accuracy
# make test   install what is missing, run all tests
# make compare  clprop and its peers on this machine, a table; ARGS=--quick for a short one
# make docs   write docs/reference.md anew, after a flag has changed
# make check  static checks and cross-builds; .ci/run is check and test
#
# Packages are installed with apt-get (Debian, Ubuntu), with sudo unless you are
# root. Elsewhere install an OpenCL loader and driver by hand: see README.md.

GO          ?= go
STATICCHECK  = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FASHION      = /usr/share/datasets/fashion-mnist
DEMO_MODEL   = fashion.safetensors
PLATFORMS    = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
# one of each system, and both processors: no file is for another pair alone
VETTED       = linux/arm64 darwin/arm64 windows/amd64

PYTHON      ?= /usr/bin/python3
COMPARE_MD   = compare.md

export CGO_ENABLED = 0

.PHONY: build demo test check docs bench compare install-demo install-test install-compare

build:
	$(GO) build -o bin/clprop ./cmd/clprop

demo: install-demo build
	bin/clprop train --data $(FASHION) --hidden 256,128 --batch-size 64 --lr 0.2 --lr-schedule cosine \
		--epochs 15 --out $(DEMO_MODEL)
	bin/clprop evaluate --model $(DEMO_MODEL) --data $(FASHION)

test: install-test
	CLPROP_CACHE=off $(GO) test -timeout 60m ./...

docs: build
	bin/clprop docs markdown > docs/reference.md

bench: build
	bin/clprop bench

# A peer that cannot be installed is left out.
compare: build
	-$(MAKE) install-compare
	$(PYTHON) scripts/compare/compare.py --output $(COMPARE_MD) $(ARGS)

check:
	test -z "$$(gofmt -s -l . | tee /dev/stderr)"
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	for p in $(PLATFORMS); do \
		echo "build for $$p"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -o /dev/null ./cmd/clprop || exit 1; \
	done
	for p in $(VETTED); do \
		echo "vet for $$p"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./... || exit 1; \
	done

install-demo:
	sh scripts/install.sh ocl-icd-libopencl1 pocl-opencl-icd dataset-fashion-mnist

install-test:
	sh scripts/install.sh ocl-icd-libopencl1 pocl-opencl-icd mesa-opencl-icd oclgrind dataset-fashion-mnist strace \
		libopenblas0-pthread openmpi-bin mpich

install-compare:
	sh scripts/install.sh ocl-icd-libopencl1 pocl-opencl-icd dataset-fashion-mnist libopenblas0-pthread \
		python3-numpy python3-torch python3-sklearn libclblast1 clblast-utils
