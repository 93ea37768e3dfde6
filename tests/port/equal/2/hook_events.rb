# Hooks of the start and the end, and of some tasks alone.
role :app, "app1"

task(:one) { run "one" }
task(:two) { run "two" }
task(:check) { run "check" }
task(:tell) { puts "at the end" }
task(:early) { puts "at the start" }

on :start, :early, :only => "one"
on :start, "check", :except => ["one", "check", "tell"]
on :finish, :tell, :only => %w(two)
on :before, :early, :only => :two
