# Namespaces, prerequisites, hooks, invocations.
namespace :app do
  desc "Start it."
  task :start do
    on roles(:app) do
      execute :start
    end
  end

  desc "Stop it."
  task :stop do
    on roles(:app) do
      execute :stop
    end
  end

  desc "Stop it and start it again."
  task :restart do
    invoke "app:stop"
    invoke "app:start"
  end

  task default: :restart

  namespace :deep do
    task :er => [:before_it] do
      on(roles(:db)) { execute :er }
    end
    task :before_it do
      on(roles(:db)) { execute :before_it }
    end
  end
end

before "app:start", :check
after "app:start", "app:notify"

task :check do
  on(roles(:all)) { execute :check }
end

namespace :app do
  task :notify do
    on primary(:db) do
      execute :notify
    end
  end
end

after "app:stop", :tidy do
  on(roles(:web)) { execute :tidy }
end

task :all => ["app:deep:er", :check]

task :rake do
  Rake::Task["app:stop"].invoke
  Rake::Task["app:deep:before_it"].execute
end
