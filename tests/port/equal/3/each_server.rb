# Blocks in which servers decide for themselves.
task :names do
  on roles(:app) do |host|
    execute :echo, host.hostname
    execute "echo #{host} as #{host.user || "nobody"}"
  end
end

task :decides do
  on roles(:all) do |host|
    if test("[ -f /tmp/pid ]")
      execute :kill, "$(cat /tmp/pid)"
    else
      execute :start
    end
  end
end

task :skips do
  on roles(:app) do |host|
    next if host.hostname == "app1"
    execute :uptime
  end
end

task :by_role do
  on roles(:all) do |host|
    execute :web if host.roles.include?(:web)
    execute :db if host.roles.include?(:db)
  end
end

task :by_property do
  on roles(:web) do |host|
    execute :paint, host.properties.colour
    execute :paint, "again", host.properties.fetch(:colour)
  end
end

task :captures do
  on roles(:app) do
    name = capture(:hostname)
    info "it is #{name}"
    execute :echo, "[#{name}]"
  end
end

task :unless_there do
  on roles(:app) do
    unless test("[ -d /srv/app ]")
      execute :mkdir, "-p", "/srv/app"
    end
    execute :touch, "/srv/app/x" unless test(:false)
  end
end

task :turns do
  on roles(:app), in: :sequence, wait: 0 do |host|
    execute :restart, host.hostname
  end
  on roles(:app), in: :groups, limit: 1, wait: 0 do
    execute :one
    execute :two
  end
end

task :outside do
  seen = []
  on roles(:app) do |host|
    seen << host.hostname
    execute :uptime
  end
  on roles(:db) do
    execute :echo, seen.join(",")
  end
end
