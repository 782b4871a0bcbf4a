package main

import (
	cryptorand "crypto/rand"
	"fmt"
	"hash/maphash"
	"log"
	"math/rand"
	randv2 "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"plugin"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"
)

var mutex sync.Mutex

func init() {
	know(map[string]func() string{
		"clock":         clock,
		"clock_timers":  clockTimers,
		"random":        random,
		"hash_order":    hashOrder,
		"select_order":  selectOrder,
		"addresses":     addresses,
		"file":          file,
		"environment":   environment,
		"socket":        socket,
		"process":       process,
		"import_native": importNative,
		"exit":          func() string { os.Exit(3); return "" },
		"exit_log":      func() string { log.Fatal("the author gives up"); return "" },
		"exit_routine":  func() string { runtime.Goexit(); return "" },
		"abort":         abort,
		"abort_signal":  abortSignal,
		"panic":         func() string { panic("the author's words") },
		"panic_value":   func() string { panic(struct{ Code int }{3}) },
		"panic_nil":     func() string { panic(nil) },
		"nil_pointer":   func() string { var none *strings.Builder; return none.String() + fmt.Sprint(*nothing) },
		"divide":        func() string { return fmt.Sprint(1 / (three - 3)) },
	})
}

var nothing *int

func tried(attempts ...func() (string, any, error)) string {
	var said strings.Builder
	for _, attempt := range attempts {
		func() {
			defer func() {
				if value := recover(); value != nil {
					fmt.Fprintf(&said, "panic: %v\n", value)
				}
			}()
			name, value, err := attempt()
			if err != nil {
				fmt.Fprintf(&said, "%s: %T: %v\n", name, err, err)
			} else {
				fmt.Fprintf(&said, "%s: %v\n", name, value)
			}
		}()
	}
	return strings.TrimSpace(said.String())
}

func clock() string {
	before := time.Now()
	time.Sleep(time.Hour)
	after := time.Now()
	zone, offset := before.Zone()
	_, missing := time.LoadLocation("Europe/Berlin")
	return fmt.Sprintf("%s; an hour's sleep changes %s; monotonic %s; zone %s %d; Berlin: %v",
		before.Round(0), after.Round(0).Sub(before.Round(0)), after.Sub(before), zone, offset, missing)
}

func clockTimers() string {
	var order []string
	ticker := time.NewTicker(time.Minute)
	late := time.After(150 * time.Second)
	for {
		select {
		case now := <-ticker.C:
			order = append(order, now.Format(time.TimeOnly))
			continue
		case <-late:
		}
		return strings.Join(order, " ")
	}
}

func random() string {
	bytes := make([]byte, 4)
	_, err := cryptorand.Read(bytes)
	return fmt.Sprintf("%d %d %v %x %v", rand.Int63(), randv2.Uint64(), randv2.Perm(6), bytes, err)
}

func hashOrder() string {
	set := map[string]int{}
	for n := range 12 {
		set[fmt.Sprint(n)] = n
	}
	var order []string
	for key := range set {
		order = append(order, key)
	}
	return fmt.Sprintf("%v %d %d", order, maphash.String(maphash.MakeSeed(), "x"), maphash.Comparable(maphash.MakeSeed(), 1))
}

// selectOrder is which of several ready channels a select takes.
func selectOrder() string {
	left, right := make(chan string, 32), make(chan string, 32)
	for range 32 {
		left <- "l"
		right <- "r"
	}
	var order strings.Builder
	for range 32 {
		select {
		case side := <-left:
			order.WriteString(side)
		case side := <-right:
			order.WriteString(side)
		}
	}
	return order.String()
}

func addresses() string { return fmt.Sprintf("%p %p %p", new(int), &mutex, make([]byte, 100)) }

func file() string {
	return tried(
		func() (string, any, error) { text, err := os.ReadFile("/etc/passwd"); return "read", text, err },
		func() (string, any, error) { return "write", "written", os.WriteFile("written.txt", nil, 0o600) },
		func() (string, any, error) { return "mkdir", "made", os.Mkdir("x", 0o700) },
		func() (string, any, error) { names, err := os.ReadDir("/"); return "readdir", names, err },
		func() (string, any, error) { about, err := os.Stat("/"); return "stat", about, err },
		func() (string, any, error) { made, err := os.CreateTemp("", "x"); return "temp", made, err },
		func() (string, any, error) { n, err := os.Stdin.Read(make([]byte, 10)); return "stdin", n, err },
		func() (string, any, error) { n, err := syscall.Open("/etc/passwd", 0, 0); return "syscall", n, err },
		func() (string, any, error) {
			n, err := os.NewFile(3, "three").Write([]byte("x"))
			return "descriptor 3", n, err
		},
		func() (string, any, error) { return "remove", "removed", os.RemoveAll("/") },
		func() (string, any, error) { return "chdir", "there", os.Chdir("/") },
	)
}

func environment() string {
	folder, folderErr := os.Getwd()
	host, hostErr := os.Hostname()
	home, homeErr := os.UserHomeDir()
	program, programErr := os.Executable()
	who, whoErr := user.Current()
	about, _ := debug.ReadBuildInfo()
	return fmt.Sprintf("args %q; env %q; pid %d; uid %d; folder %q %v; host %q %v; home %q %v; program %q %v; user %v %v; temp %s; %s/%s %s, %d processors; module %v",
		os.Args, os.Environ(), os.Getpid(), os.Getuid(), folder, folderErr, host, hostErr, home, homeErr, program, programErr, who, whoErr,
		os.TempDir(), runtime.GOOS, runtime.GOARCH, runtime.Version(), runtime.NumCPU(), about.Main.Path)
}

func socket() string {
	return tried(
		func() (string, any, error) { c, err := net.Dial("tcp", "127.0.0.1:80"); return "dial", c, err },
		func() (string, any, error) {
			c, err := net.DialTimeout("tcp", "127.0.0.1:80", time.Second)
			return "timeout", c, err
		},
		func() (string, any, error) { c, err := net.LookupHost("example.org"); return "lookup", c, err },
		func() (string, any, error) { c, err := net.Listen("tcp", ":0"); return "listen", c, err },
		func() (string, any, error) { c, err := http.Get("http://127.0.0.1/"); return "get", c, err },
		func() (string, any, error) { c, err := net.Interfaces(); return "interfaces", c, err },
	)
}

func process() string {
	return tried(
		func() (string, any, error) { out, err := exec.Command("id").Output(); return "command", out, err },
		func() (string, any, error) {
			out, err := exec.Command("/bin/sh", "-c", "id").Output()
			return "path", out, err
		},
		func() (string, any, error) {
			p, err := os.StartProcess("/bin/sh", []string{"sh"}, &os.ProcAttr{})
			return "start", p, err
		},
		func() (string, any, error) {
			p, err := os.FindProcess(1)
			if err != nil {
				return "find", p, err
			}
			return "kill", p, p.Kill()
		},
	)
}

func importNative() string {
	return tried(
		func() (string, any, error) { opened, err := plugin.Open("/x.so"); return "plugin", opened, err },
		func() (string, any, error) { out, err := exec.LookPath("sh"); return "look", out, err },
	)
}

func abort() string {
	go func() { panic("in another goroutine") }()
	runtime.Gosched()
	time.Sleep(time.Second)
	return "alive"
}

func abortSignal() string {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt)
	debug.SetTraceback("crash")
	syscall.Kill(syscall.Getpid(), syscall.SIGABRT)
	return "alive"
}
