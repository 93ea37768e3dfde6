# Hooks by name.
role :app, "app1"

task(:one) { run "one" }
task(:two) { run "two" }
task(:three) { run "three" }
task(:four) { run "four" }
namespace :deep do
  task(:er) { run "deeper" }
end

before "two", "one"
after "two", "three", "four"
after :three, "deep:er"
before "deep:er", :four

after "four" do
  run "after four"
end
