# Settings for all commands.
default_run_options[:pty] = true
default_run_options[:shell] = "/bin/bash"
default_environment["RAILS_ENV"] = "production"
default_environment["PATH"] = "/opt/ruby/bin:$PATH"
ssh_options[:forward_agent] = true
ssh_options[:keys] = %w(~/.ssh/id_rsa)
role :app, "app1"

task :plain do
  run "rake"
end

task :more do
  run "rake", :env => { "VERBOSE" => "1" }
end

task :own_shell do
  run "ls", :shell => "sh"
end
