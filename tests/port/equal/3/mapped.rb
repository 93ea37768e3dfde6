# Commands that SSHKit maps. A command with a blank in it gets no environment there; here it gets that of all commands.
SSHKit.config.command_map[:rake] = "bundle exec rake"
SSHKit.config.command_map[:npm] = "/opt/node/bin/npm"
set :default_env, { "LANG" => "C", path: "/opt/node/bin:$PATH" }

task :mapped do
  on roles(:app) do
    execute :rake, "db:migrate"
    execute :npm, "install"
    within "/srv" do
      execute :rake, :x
    end
  end
end
