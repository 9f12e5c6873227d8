// A client and an app worker of the old Go framework: `client` or `worker`, then the flags that a node gives to workers.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/cocaine/cocaine-framework-go/cocaine12"
)

func main() {
	role := os.Args[1]
	// The framework reads the command line itself.
	os.Args = append(os.Args[:1], os.Args[2:]...)
	if role == "worker" {
		work()
	} else {
		check()
	}
}

func work() {
	worker, err := cocaine12.NewWorker()
	must(err)
	err = worker.Run(map[string]cocaine12.EventHandler{
		"echo": func(ctx context.Context, request cocaine12.Request, response cocaine12.Response) {
			defer response.Close()
			for {
				chunk, err := request.Read(ctx)
				if err != nil {
					return
				}
				response.Write(chunk)
			}
		},
		"length": func(ctx context.Context, request cocaine12.Request, response cocaine12.Response) {
			defer response.Close()
			key, err := request.Read(ctx)
			must(err)
			storage, err := cocaine12.NewService(ctx, "storage", nil)
			must(err)
			defer storage.Close()
			var blob []byte
			must(ask(ctx, storage, "read", []interface{}{&blob}, "collection", string(key)))
			response.Write([]byte(strconv.Itoa(len(blob))))
		},
		"fail": func(ctx context.Context, request cocaine12.Request, response cocaine12.Response) {
			response.ErrorMsg(100, "as asked")
		},
	})
	must(err)
}

func check() {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for _, part := range []struct {
		name string
		run  func(context.Context)
	}{{"locator", checkLocator}, {"storage", checkStorage}, {"logging", checkLogging}, {"app", checkApp}} {
		part.run(ctx)
		fmt.Printf("check_%s ok\n", part.name)
	}
}

func checkLocator(ctx context.Context) {
	locator, err := cocaine12.NewLocator(nil)
	must(err)
	defer locator.Close()
	info, err := locator.Resolve(ctx, "storage")
	must(err)
	want(len(info.Endpoints) > 0 && info.Version == 1, "endpoints and version", info)
	_, err = locator.Resolve(ctx, "nobody")
	wantError(err, 10, 1)
}

func checkStorage(ctx context.Context) {
	storage, err := cocaine12.NewService(ctx, "storage", nil)
	must(err)
	defer storage.Close()
	blob := bytes.Repeat([]byte{0, 0xff, 'x'}, 30000)
	must(ask(ctx, storage, "write", nil, "old", "key", blob, []string{"first", "second"}))
	var got []byte
	must(ask(ctx, storage, "read", []interface{}{&got}, "old", "key"))
	want(bytes.Equal(got, blob), "the value back", len(got))
	var keys []string
	must(ask(ctx, storage, "find", []interface{}{&keys}, "old", []string{"first", "second"}))
	want(len(keys) == 1 && keys[0] == "key", "its key", keys)
	// With a trace: headers on every frame.
	must(ask(cocaine12.BeginNewTraceContext(ctx), storage, "remove", nil, "old", "key"))
	wantError(ask(ctx, storage, "read", nil, "old", "key"), 12, 2)
}

func checkLogging(ctx context.Context) {
	logger, err := cocaine12.NewLogger(ctx)
	must(err)
	defer logger.Close()
	want(logger.Verbosity(ctx) == cocaine12.DebugLevel, "the verbosity", logger.Verbosity(ctx))
	marked := logger.WithFields(cocaine12.Fields{"user": 7, "share": 0.5, "last": true})
	marked.Debugf("from the old client: %s", "debug")
	marked.Infof("from the old client: %s", "info")
	marked.Warnf("from the old client: %s", "warning")
	marked.Errf("from the old client: %s", "error")
	// Nothing acknowledges them: another answer on the same connection comes after them.
	time.Sleep(500 * time.Millisecond)
}

func checkApp(ctx context.Context) {
	storage, err := cocaine12.NewService(ctx, "storage", nil)
	must(err)
	defer storage.Close()
	must(ask(ctx, storage, "write", nil, "collection", "measured", bytes.Repeat([]byte("x"), 1234), []string{}))
	app, err := cocaine12.NewService(ctx, cocaine12.GetDefaults().ApplicationName(), nil)
	must(err)
	defer app.Close()
	chunks, err := enqueue(ctx, app, "echo", "one", "two", string(bytes.Repeat([]byte("x"), 100000)))
	must(err)
	want(len(chunks) == 3 && chunks[1] == "two" && len(chunks[2]) == 100000, "three chunks", len(chunks))
	chunks, err = enqueue(ctx, app, "length", "measured")
	must(err)
	want(len(chunks) == 1 && chunks[0] == "1234", "the length", chunks)
	_, err = enqueue(ctx, app, "fail")
	want(err != nil, "the worker's error", nil)
	_, err = enqueue(ctx, app, "no such event")
	want(err != nil, "an error for an event that nobody serves", nil)
	answers := make(chan error, 50)
	for i := 0; i < cap(answers); i++ {
		go func(word string) {
			chunks, err := enqueue(ctx, app, "echo", word)
			if err == nil && (len(chunks) != 1 || chunks[0] != word) {
				err = fmt.Errorf("answered %q to %q", chunks, word)
			}
			answers <- err
		}(strconv.Itoa(i))
	}
	for i := 0; i < cap(answers); i++ {
		must(<-answers)
	}
}

// ask calls a unary method and unpacks its answer.
func ask(ctx context.Context, service *cocaine12.Service, method string, out []interface{}, args ...interface{}) error {
	channel, err := service.Call(ctx, method, args...)
	if err != nil {
		return err
	}
	answer, err := channel.Get(ctx)
	if err != nil {
		return err
	}
	if err := answer.Err(); err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	return answer.ExtractTuple(out...)
}

// enqueue sends an event with its chunks and collects those of the answer.
func enqueue(ctx context.Context, app *cocaine12.Service, event string, chunks ...string) ([]string, error) {
	channel, err := app.Call(ctx, "enqueue", event)
	if err != nil {
		return nil, err
	}
	for _, chunk := range chunks {
		must(channel.Call(ctx, "write", []byte(chunk)))
	}
	must(channel.Call(ctx, "close"))
	var out []string
	for {
		answer, err := channel.Get(ctx)
		if err != nil {
			return nil, err
		}
		if err := answer.Err(); err != nil {
			return nil, err
		}
		if kind, _, _ := answer.Result(); kind == 2 {
			return out, nil
		}
		var chunk string
		must(answer.ExtractTuple(&chunk))
		out = append(out, chunk)
	}
}

func must(err error) {
	if err != nil {
		log.Output(2, err.Error())
		os.Exit(1)
	}
}

func want(good bool, what string, got interface{}) {
	if !good {
		log.Output(2, fmt.Sprintf("wanted %s, got %v", what, got))
		os.Exit(1)
	}
}

func wantError(err error, category, code int) {
	failure, is := err.(*cocaine12.ErrRequest)
	want(is && failure.Category == category && failure.Code == code, fmt.Sprintf("error %d, %d", category, code), err)
}
