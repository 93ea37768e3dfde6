# Functions.
def app_path(name)
  "/srv/app/#{name}"
end

def restart_of(service, user = "root")
  "sudo -u #{user} service #{service} restart"
end

task :uses do
  on roles(:app) do
    execute :ls, app_path("log")
    execute restart_of("nginx")
    execute restart_of("app", "deploy")
  end
end

def on_app(command)
  on roles(:app) do
    execute command
  end
end

task :through do
  on_app "uptime"
  on_app :date
end
