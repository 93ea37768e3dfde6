# The same words where sudo is not wanted.
set :use_sudo, false
role :app, "app1"

task :without do
  run "#{try_sudo} mkdir /srv/x"
  try_sudo "rm -rf /srv/x"
  invoke_command "uptime", :via => :sudo
  invoke_command "uptime"
end
