# Servers with users and ports; settings of the connection.
set :gateway, "gate.example.com"
set :user, "deploy"
ssh_options[:port] = 2200
role :app, "deploy@app1.example.com", "app2.example.com:2201"
role :files, "app1.example.com", :no_release => true

task :everywhere do
  run "uptime"
end

task :releases_only, :except => { :no_release => true } do
  run "ls"
end
