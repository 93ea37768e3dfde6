def template_of(name)
  put "template #{name}", "/tmp/#{name}"
end

task :send_template do
  template_of "x"
end

set :nginx_port, 80 unless exists?(:nginx_port)
