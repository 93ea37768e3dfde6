# frozen_string_literal: true
lock '~> 3.11'

set :application, 'blog'
set :repo_url, 'git@git.example.com:blog.git'
set :pty, true
set :log_level, :debug
set :default_env, { path: '/opt/ruby/bin:$PATH', 'RAILS_ENV' => 'production' }
ask :branch, `git rev-parse --abbrev-ref HEAD`.chomp

append :linked_files, 'config/database.yml'
append :linked_dirs, 'log', 'tmp/pids'
set :puma_workers, 2

SSHKit.config.command_map[:rake] = 'bundle exec rake'

namespace :deploy do
  desc 'Restart application'
  task :restart do
    on roles(:app), in: :sequence, wait: 5 do
      execute :touch, release_path.join('tmp/restart.txt')
    end
  end

  after :publishing, :restart

  after :restart, :clear_cache do
    on roles(:web), in: :groups, limit: 3, wait: 10 do
      within release_path do
        with rails_env: fetch(:stage) do
          execute :rake, 'cache:clear'
        end
      end
    end
  end

  before :starting, :check_revision do
    unless `git rev-parse HEAD` == `git rev-parse origin/master`
      puts "WARNING: HEAD is not the same as origin/master"
      exit
    end
  end
end

namespace :app do
  task :seed do
    on primary(:db) do |host|
      info "seeding on #{host}"
      version = capture(:cat, current_path.join('REVISION'))
      execute "cd #{current_path} && bin/seed #{version}"
    end
  end

  task :link do
    on roles(:app, :web) do
      execute :mkdir, '-p', "#{shared_path}/cache" unless test("[ -d #{shared_path}/cache ]")
      if test "[ -f #{shared_path}/env ]"
        execute :cp, "#{shared_path}/env", "#{release_path}/.env"
        execute :chmod, '600', "#{release_path}/.env"
      else
        execute :touch, "#{release_path}/.env"
      end
      as :www do
        execute :whoami
      end
      execute :service, :nginx, :reload, raise_on_non_zero_exit: false
      upload! StringIO.new("a: 1\n"), "#{shared_path}/a.yml"
    end
  end

  task :weigh do
    on roles(:app) do |host|
      size = capture("du -s #{host.properties.dir}")
      info size
    end
  end

  task all: [:seed, :link]
end
