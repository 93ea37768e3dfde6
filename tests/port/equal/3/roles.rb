# Servers that are chosen.
task :filters do
  on roles(:all) do
    execute :all
  end
  on roles(:app, :db), in: :parallel do
    execute :two
  end
  on roles(:app, filter: :number) do
    execute :numbered
  end
  on roles(:web, exclude: :number) do
    execute :excluded
  end
  on release_roles(:all) do
    execute :releases
  end
  on primary(:app) do
    execute :primary
  end
  on roles(:app).first do
    execute :first
  end
end

task :in_groups do
  on roles(:all), in: :groups, limit: 2, wait: 1 do |host|
    execute :echo, host.hostname
  end
end

task :outside do
  roles(:app).each do |server|
    on(server) { execute :echo, server.hostname, server.roles.to_a.sort.join(",") }
  end
  hosts = roles(:web).map(&:hostname)
  puts hosts.join(" ")
end
