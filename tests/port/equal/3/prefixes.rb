# Words before commands: SSHKit's prefixes, for one command and for a list of them, and functions in locals.
set :application, "shop"
set :repo_url, "git@git.example.com:shop.git"
set :bins, %w[bundle node]

SSHKit.config.command_map.prefix[:rake].push("bundle exec")
SSHKit.config.command_map.prefix[:rake].unshift("nice")
SSHKit.config.command_map.prefix[:rails] << "bundle exec"

task :plain do
  on roles(:app) do
    execute :rake, "db:migrate"
    execute :rails, :runner, "x"
    execute "rake db:seed"
    execute :uptime
  end
end

task :elsewhere do
  run_locally do
    execute :rake, "assets:precompile"
    execute "rake db:seed"
    with rails_env: "test" do
      execute :rails, :runner, "x" unless test(:rake, "db:version")
    end
  end
  on roles(:db) do
    background :rake, "jobs:work"
    as "shop" do
      execute :rake, "b"
    end
    sudo :rake, "c"
    execute :sudo, :rake, "d"
  end
end

task :listed do
  prefix = -> { "env SHOP=#{fetch(:application)}" }
  fetch(:bins).each do |command|
    SSHKit.config.command_map.prefix[command.to_sym].unshift(prefix)
  end
  on roles(:app) do
    execute :node, "server.js"
    execute :bundle, :install
  end
end

task :said do
  say = lambda { |name| "say #{name}" }
  twice = ->(a, b) { "#{a} #{b}" }
  on roles(:db) do
    execute :echo, say.call("one"), twice.("two", "three"), say["four"]
  end
end

SSHKit.config.command_map[:tool] = "/opt/tool"

# The block does not look at the argument.
task :named, :param do
  on roles(:db) do
    execute "cd /srv && #{SSHKit.config.command_map[:tool]} x"
  end
end
