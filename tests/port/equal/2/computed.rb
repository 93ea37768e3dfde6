# Names that are computed.
set :main_db_host, "db1.example.com"
set :spare_db_host, "db2.example.com"
role :app, "app1"

%w(main spare).each do |name|
  task "dump_#{name}".to_sym do
    run "mysqldump -h #{eval(name + "_db_host")}"
    run "ping #{fetch("#{name}_db_host".to_sym)} #{self["#{name}_db_host".to_sym]}"
  end
end

task :sends do
  send(:run, "uptime")
  set "a_#{:b}".to_sym, 1
  run "echo #{a_b}"
end
