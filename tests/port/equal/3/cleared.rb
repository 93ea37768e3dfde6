# Tasks that are replaced, and Rake's own ways.
namespace :app do
  task :go do
    on(roles(:app)) { execute :first }
  end
end

Rake::Task["app:go"].clear_actions
namespace :app do
  task :go do
    on(roles(:app)) { execute :second }
  end
end

task :more do
  on(roles(:app)) { execute :more_one }
end

task :more do
  on(roles(:app)) { execute :more_two }
end

task :by_rake do
  Rake::Task["app:go"].invoke
  Rake::Task[:more].execute
end

task(:none) { on(roles(:app)) { execute :gone } }
Rake::Task["none"].actions.clear

namespace :many do |own|
  task(:one) { on(roles(:app)) { execute :one } }
  task(:two) { on(roles(:app)) { execute :two } }
  %w[two].each { |name| Rake::Task["many:#{name}"].clear }
  own.tasks.each do |task|
    task.enhance ["more"] do
      puts "behind #{task.name}"
    end
  end
end

task :surplus do
  invoke "many:one", "word"
  Rake::Task["many:two"].invoke("")
  Rake.application.invoke_task("app:go")
end
