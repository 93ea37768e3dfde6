# The server of a block that has no name for it, and directories that are linked twice.
set :application, "shop"
set :linked_dirs, %w[log tmp log]
set :linked_dirs, fetch(:linked_dirs, []).push("tmp", "bin")

Airbrussh.configure do |config|
  config.banner = false
end

task :named do
  on roles(:app) do
    execute :echo, host.hostname
  end
  on roles(:web, :db) do |server|
    execute :echo, host.to_s, server.hostname
  end
end

task :shown do
  on roles(:db) do
    info "on #{host}"
    execute :echo, "#{host.hostname} and #{fetch(:linked_dirs).uniq.join(',')}"
  end
end
