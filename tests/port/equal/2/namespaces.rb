# Namespaces, default tasks, and how tasks call others.
role :app, "app1", "app2"
role :db, "db1"

namespace :web do
  desc "Start everything."
  task :default, :roles => :app do
    start
    logs.rotate
    top.check
  end

  task :start, :roles => :app do
    run "start"
  end

  namespace :logs do
    desc "Rotate the logs."
    task :rotate, :roles => :db do
      run "rotate"
    end

    task :again do
      rotate
      start
    end
  end
end

desc "Look whether all is well."
task :check do
  run "check"
end

task :by_path do
  web.logs.rotate
  web.start
  find_and_execute_task("web:logs:again")
  web.default
end
