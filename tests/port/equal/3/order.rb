# What runs before a task, in the order in which the recipe says it.
set :application, "shop"

task(:first) { puts "first" }
task(:second) { puts "second" }
task(:third) { puts "third" }

task twice: :first do
  puts "once"
end
task twice: :second do
  puts "again"
end

task hooked: :first do
  puts "hooked"
end
before :hooked, :second
before :second, :third
after :hooked, :third

# Only the second one does something.
task several: %i[first second]
task :several do
  puts "several"
end
before :several, :third

namespace :site do
  task open: :look do
    puts "open"
  end
  task(:look) { puts "look" }
  before :open, "first"
  Rake::Task["site:open"].enhance ["second"]
end

task :runs_again do
  invoke :first
  Rake::Task[:first].reenable
  invoke :first
end

# Each runs once, although they ask for each other.
task(:round) { puts "round" }
task(:there) { puts "there" }
before :round, :there
after :there, :round

# Loops that define the same tasks.
%w[up down].each { |name| task(name) { puts "loop #{name}" } }
%w[up down].each { |name| task("#{name}") { puts "more #{name}" } }
