# The default task of a namespace is called as the namespace is: a hook on its whole name never runs.
set :application, "shop"
set :repository, "git@example.com:shop.git"
role :app, "app1.example.com"

namespace :site do
  task(:default) { run "site" }
  task(:visit) { run "open" }
  task(:both) do
    site.default
    default

    find_and_execute_task "site:default"
  end
end

before "site", "site:visit"
after "site:default", "last"

task(:last) { run "last" }

task :calls do
  find_and_execute_task "site"
  site.visit
end
