set :application, "shop"
set :port, 8080

desc "Words and strings."
task :words do
  on roles(:app) do
    execute :ls, "-l", "/tmp"
    execute "echo hello && date"
    execute :echo, fetch(:application), fetch(:port)
    execute "ls /var/www/#{fetch(:application)}"
    execute :cat, "*.log | head", :">", "/tmp/out"
  end
end

task :everywhere do
  on roles(:all) do
    execute :uptime
  end
end

task :several do
  on roles(:web, :db) do
    execute :uptime
  end
end

task :one do
  on primary(:db) do
    execute :uptime
  end
  on roles(:app).first do
    execute :date
  end
end

task :list do
  on %w[app1 db1] do
    execute :uptime
  end
end

task :sudo do
  on roles(:db) do
    sudo :service, "mysql", "restart"
    sudo "service mysql restart"
  end
end

task :given do
  on roles(:db) do
    execute sudo(:service, "mysql", "stop")
    execute sudo :service, "mysql", "start"
    execute :date if sudo(:id)
  end
end
