set :application, "bench"
set :repo_url, "none"
set :ssh_options, { keys: [ENV['KEY']], keys_only: true, port: (ENV['PORT'] || 2222).to_i, config: false,
                    user_known_hosts_file: ENV['KNOWN_HOSTS'], user: 'deploy' }
set :log_level, (ENV['LOGLEVEL'] || 'debug').to_sym
set :format_options, log_file: nil
desc "one command"
task(:one) { on(roles(:all)) { execute ENV['CMD'] } }
desc "ten commands"
task(:ten) { 10.times { on(roles(:all)) { execute ENV['CMD'] } } }
desc "upload"
task(:send) { on(roles(:all)) { upload! ENV['FILE'], ENV['DEST'] } }
(1..20).each { |i| desc "task number #{i}"; task("t#{i}") { on(roles(:all)) { execute "echo #{i}" } } }
