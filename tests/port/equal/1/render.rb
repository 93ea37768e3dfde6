# Templates in strings.
set :application, "shop"
set :port, 8000
set :hosts_allowed, %w(10.0.0.1 10.0.0.2)
role :app, "app1", "app2"

task :names do
  puts render(:template => "Application <%= application %> on <%= port %>\n")
  text = render(:template => <<-EOF, :reason => "an upgrade", :deadline => "noon")
The system is down for <%= reason %>
as of now, back by <%= deadline ? deadline : "shortly" %>.
  EOF
  puts text
end

task :expressions do
  puts render(:template => "<%= port + 1 %> <%= application.upcase %> <%= hosts_allowed.join(', ') %> <%= application + '-' + port.to_s %>")
end

task :control do
  text = render(:template => <<EOF)
<% if port > 80 %>
high
<% else %>
low
<% end %>
<% for host in hosts_allowed %>
allow <%= host %>
<% end %>
EOF
  text.split("\n").each { |line| puts line unless line.strip.empty? }
end

task :push_text, :roles => :app do
  put render(:template => "port: <%= port %>", :port => 9000), "/etc/#{application}.conf", :mode => 0644
end
