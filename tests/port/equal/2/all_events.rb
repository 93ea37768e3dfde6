# Hooks of all tasks, and of the end of loading. A hook asks for whole names, and at the end of loading for none.
role :app, "app1"

namespace :in do
  task(:default) { run "in" }
  task(:side) { run "side" }
end
task(:one) { run "one"; inner }
task(:inner) { run "inner" }
task(:says) { run "echo #{word}" }
task(:told) { puts "after #{current_task ? 'some' : 'none'}" }

set :word, "set at first"
on :load, :only => "none" do
  set :other, "#{word} too"
end
task(:two) { run "echo #{other}" }
on(:before) { puts "before any" }
on(:after, :only => ["in:side", "in", "none", "in:default"]) { puts "after in" }
on :after, "told", :except => [:one, "told", "in:side", "says"]
on :start do
  puts "started"
end
on(:finish, :except => "two") { puts "finished" }
