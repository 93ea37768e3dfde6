set :application, "shop"
set :repository, "@REPOSITORY@"
set :scm, :git
set :branch, "main"
set :deploy_via, :copy
set :copy_exclude, [".git", "*.md"]
set :deploy_to, "@ROOT@"
set :use_sudo, false
set :user, "deploy"
set :normalize_asset_timestamps, false
ssh_options[:port] = 2222

server "app1", :app, :web, :db, :primary => true
server "app2", :app, :web

task :before_finalize, :roles => :app do
  version = capture("cat #{release_path}/VERSION").strip
  if version.empty?
    raise "no version"
  else
    run "echo 'version #{version}' > #{release_path}/built"
  end
end
before "deploy:finalize_update", "before_finalize"

namespace :deploy do
  task :restart do
    transaction do
      on_rollback { run "rm -f #{current_path}/restarted" }
      run "touch #{current_path}/restarted"
    end
  end
end

namespace :files do
  task :share, :roles => :app do
    %w(one two).each_with_index do |name, index|
      put "#{name} #{index}\n", "#{shared_path}/#{name}.txt", :mode => 0640
    end
    run "cd #{shared_path} && ls *.txt | sort > list" do |channel, stream, data|
      puts data
    end
  end
end
after "deploy:setup", "files:share"
