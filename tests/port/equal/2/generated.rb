# Tasks made in loops.
role :app, "app1"
role :web, "www1"

namespace :nginx do
  [:start, :stop, :restart].each do |command|
    desc "#{command} nginx"
    task command, :roles => :web do
      run "#{sudo} service nginx #{command}"
    end
  end
end

%w(cache visits).each do |kind|
  desc "Clear the #{kind}."
  task "clear_#{kind}".to_sym, :roles => :app do
    run "rm -rf /srv/#{kind}"
  end
end

{ "one" => "app1", "two" => "www1" }.each_pair do |name, host|
  task "on_#{name}", :hosts => host do
    run "hostname"
  end
end
