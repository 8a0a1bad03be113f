package inspection

import (
	"strings"

	"culprit/internal/livefacts"
)

// Action names the work that a stack is in: an action of a Rails controller, or a job.
// "" where there is none.
//
// An action is the method that ActionController calls: the frame above
// send_action/process_action of ActionController::BasicImplicitRender
// (https://github.com/rails/rails actionpack/lib/action_controller/metal/basic_implicit_render.rb);
// a job is a perform below ActiveJob or Sidekiq.
func Action(frames []livefacts.Frame) string {
	for i := len(frames) - 1; i > 0; i-- {
		f := frames[i]
		if strings.HasSuffix(f.Path, "/action_controller/metal/basic_implicit_render.rb") && method(f) == "send_action" {
			for k := i - 1; k >= 0; k-- {
				if name := frames[k].Method; strings.Contains(name, "#") && strings.HasSuffix(before(name), "Controller") {
					return name
				}
			}
		}
	}
	for i := len(frames) - 1; i >= 0; i-- {
		if strings.HasSuffix(frames[i].Method, "#perform") && !strings.HasPrefix(frames[i].Method, "ActiveJob::") && !strings.HasPrefix(frames[i].Method, "Sidekiq::") {
			return frames[i].Method
		}
	}
	return ""
}

// Identity says who a thread is: the action or job it is in, the name that it was given,
// or the code that it began with.
func Identity(t livefacts.Thread) (kind, name string) {
	switch {
	case t.Action != "":
		return "action", t.Action
	case t.Name != "" && !strings.HasPrefix(t.Name, "puma srv tp"):
		return "thread", t.Name
	}
	for i := len(t.Frames) - 1; i >= 0; i-- {
		f := t.Frames[i]
		if !strings.HasPrefix(f.Path, "<internal:") {
			return "code", f.Label + " (" + f.Path + ")"
		}
	}
	return "code", "unknown"
}

func method(f livefacts.Frame) string {
	if i := strings.LastIndexAny(f.Method, "#."); i >= 0 {
		return f.Method[i+1:]
	}
	return f.Method
}

func before(name string) string {
	class, _, _ := strings.Cut(name, "#")
	return class
}
