package main

import (
	"fmt"
	"math/big"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

func init() {
	know(map[string]func() string{
		"loop":             loop,
		"loop_calls":       loopCalls,
		"regex":            regex,
		"sort":             sortEndless,
		"power":            power,
		"memory":           memory,
		"memory_at_once":   memoryAtOnce,
		"memory_negative":  memoryNegative,
		"memory_garbage":   memoryGarbage,
		"recursion":        func() string { return fmt.Sprint(recursion([64]int{1})) },
		"recursion_raised": recursionRaised,
		"threads":          threads,
		"threads_finish":   threadsFinish,
		"deadlock":         deadlock,
		"deadlock_mutex":   deadlockMutex,
		"deadlock_partial": deadlockPartial,
		"sleep":            sleep,
		"sleep_poll":       sleepPoll,
		"map_races":        mapRaces,
	})
}

func loop() string {
	for {
	}
}

func loopCalls() string {
	go func() {
		for {
			runtime.Gosched()
		}
	}()
	for {
		runtime.Gosched()
	}
}

// regex takes long in the way that is left: its time is linear in a text and a pattern that are both long.
func regex() string {
	pattern := regexp.MustCompile(strings.Repeat("(a?a*)*", 1) + strings.Repeat("a?", 900) + "b$")
	return fmt.Sprint(pattern.MatchString(strings.Repeat("a", 10_000_000)))
}

func sortEndless() string {
	numbers := make([]int32, 2_000_000)
	for i := range numbers {
		numbers[i] = int32(-i)
	}
	slices.SortFunc(numbers, func(left, right int32) int {
		for left != right+1<<30 {
			left, right = right, left
		}
		return 0
	})
	return fmt.Sprint(len(numbers))
}

func power() string {
	return fmt.Sprint(new(big.Int).Exp(big.NewInt(3), big.NewInt(1_000_000_000), nil).BitLen())
}

func memory() string {
	var held [][]byte
	for {
		piece := make([]byte, 1<<20)
		for i := range piece {
			piece[i] = byte(i)
		}
		held = append(held, piece)
	}
}

func memoryAtOnce() string { return fmt.Sprint(len(make([]byte, three<<30))) }

// memoryNegative is refused by the language, not by the host.
func memoryNegative() string { return fmt.Sprint(len(make([]byte, int64(three)<<60))) }

var three = 3

// memoryGarbage holds little and drops much: the collector has to keep up.
func memoryGarbage() string {
	var held [64][]byte
	for i := range 20_000 {
		held[i%64] = make([]byte, 1<<20)
	}
	return fmt.Sprint(len(held))
}

func recursion(ballast [64]int) int {
	ballast[0]++
	return recursion(ballast) + ballast[0]
}

func recursionRaised() string {
	debug.SetMaxStack(1 << 40)
	return fmt.Sprint(recursion([64]int{1}))
}

func threads() string {
	blocked := make(chan int)
	for range 1_000_000 {
		go func() { <-blocked }()
	}
	return fmt.Sprint(runtime.NumGoroutine())
}

// threadsFinish is a million that end.
func threadsFinish() string {
	sum, done := make(chan int), 0
	for n := range 1_000_000 {
		go func() { sum <- n }()
		done += <-sum
	}
	return fmt.Sprint(done)
}

func deadlock() string {
	<-make(chan int)
	return "not dead"
}

func deadlockMutex() string {
	mutex.Lock()
	mutex.Lock()
	return "not dead"
}

// deadlockPartial leaves goroutines that never end, and answers.
func deadlockPartial() string {
	for range 1000 {
		go func() { select {} }()
	}
	return fmt.Sprint(runtime.NumGoroutine())
}

func sleep() string {
	time.Sleep(24 * time.Hour)
	return "slept"
}

// sleepPoll waits without sleeping, on a clock that moves a microsecond a reading.
func sleepPoll() string {
	began := time.Now()
	for time.Since(began) < 24*time.Hour {
	}
	return "waited"
}

func mapRaces() string {
	shared := map[int]int{}
	for n := range 4 {
		go func() {
			for {
				shared[n]++
				runtime.Gosched()
			}
		}()
	}
	for n := range 10_000 {
		shared[n]++
		runtime.Gosched()
	}
	return "raced"
}
