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
