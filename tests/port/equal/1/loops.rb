# Tasks and commands made in loops.
role :app, "app1", "app2"
role :web, "www1"

[:start, :stop, :restart].each do |action|
  desc "#{action.to_s.capitalize} the web server."
  task "#{action}_web".to_sym, :roles => :web do
    sudo "/etc/init.d/apache2 #{action}"
  end
end

{ :log => "/var/log", :tmp => "/tmp" }.each do |name, path|
  task "show_#{name}".to_sym do
    run "ls #{path}"
  end
end

task :times do
  3.times { |i| run "echo #{i}" }
  (1..2).each { |i| run "touch /tmp/#{i}" }
  for name in %w(a b)
    run "mkdir /tmp/#{name}"
  end
  %w(x y).each_with_index do |name, i|
    run "echo #{i} #{name}"
  end
end
