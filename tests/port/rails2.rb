# A shop on Rails 2.3.
# Deploy with: cap deploy

set :application, "shop"
set :repository,  "git@git.example.com:shop.git"
set :scm, :git
set :branch, ENV['BRANCH'] || "master"
set :deploy_to, "/srv/#{application}" # beside the others
set :deploy_via, :remote_cache
set :git_enable_submodules, 1
set :scm_verbose, true
set :use_sudo, false
set :user, 'deploy'
set(:rails_env) { ENV['RAILS_ENV'] || "production" }
set :restart_delay, 5
set(:latest_tag) { `git describe --tags`.chomp }

default_run_options[:pty] = true
ssh_options[:forward_agent] = true
ssh_options[:verbose] = :debug

role :web, "web1.example.com", "web2.example.com"
role :app, "app1.example.com"
role :db,  "app1.example.com", :primary => true

after "deploy:update_code", "config:link", "config:stamp"
after "deploy", "deploy:cleanup"
before("deploy:restart") { puts "restarting #{application}" }

namespace :deploy do
  desc "Restart Passenger"
  task :restart, :roles => :app, :except => { :no_release => true } do
    run "#{try_sudo} touch #{File.join(current_path, 'tmp', 'restart.txt')}"
    sleep restart_delay
  end

  [:start, :stop].each do |t|
    desc "#{t} task is a no-op with mod_rails"
    task t, :roles => :app do ; end
  end
end

namespace :config do
  desc <<-DESC
    Link what is not under version control.
    It lies in shared.
  DESC
  task :link, :roles => [:app, :web] do
    %w(database.yml mail.yml).each do |file|
      run "ln -nfs #{shared_path}/config/#{file} #{release_path}/config/#{file}"
    end
    run <<-CMD
      rm -rf #{release_path}/public/system &&
      ln -s #{shared_path}/system
        #{release_path}/public/system
    CMD
  end

  # Who has deployed this, and when.
  task :stamp, :roles => :app do
    now = Time.now.strftime("%Y-%m-%d")
    who = ENV['USER']
    put "#{now} by #{who}\n", "#{release_path}/public/stamp.txt", :mode => 0644 if who

    unless latest_tag.empty?
      run "echo '#{latest_tag}' >> #{release_path}/public/stamp.txt"
    end
  end
end

namespace :db do
  task :dump, :roles => :db, :only => { :primary => true } do
    file = "/tmp/#{application}.#{Time.now.to_i}.sql.gz"
    on_rollback { run "rm -f #{file}" }
    config = YAML.load_file("config/database.yml")["production"] rescue {}
    run "mysqldump -u #{config['username']} -p #{config['database']} | gzip > #{file}" do |ch, stream, data|
      ch.send_data "#{Capistrano::CLI.password_prompt}\n" if data =~ /^Enter password:/
    end
    get file, File.basename(file)
    run("rm #{file}") rescue nil
  end
end
