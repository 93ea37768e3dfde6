# Templates beyond names.
require "erb"
set :application, "shop"
set :port, 3000
set :workers, 3
set :domains, %w(shop.example.com www.example.com)
set :ssl, true
set(:user) { "deploy" }
role :app, "app1"

task :inline do
  template = <<-EOF
upstream <%= application %> {
<% workers.times do |i| %>
  server 127.0.0.1:<%= port + i %>;
<% end %>
}
server {
  listen <%= ssl ? 443 : 80 %>;
<% if ssl %>
  ssl on;
<% elsif port == 80 %>
  plain;
<% else %>
  none;
<% end %>
<% domains.each do |name| %>
  server_name <%= name.upcase %> <%= name.gsub(".example", "") %>;
<% end %>
<% unless ssl %>
  no ssl
<% end %>
  root <%= File.join("/srv", application, "public") %>;
  user <%= user + "@" + application %> <%= domains.join(" ") %> <%= domains.first %> <%= domains.size %>;
}
  EOF
  text = ERB.new(template).result(binding)
  text.split("\n").each { |line| puts line unless line.strip.empty? }
end

task :trimmed do
  text = ERB.new(<<-EOF, trim_mode: "-").result(binding)
start
<%- domains.each do |name| -%>
name: <%= name %>
<%- end -%>
<%# a comment -%>
<% if port > 1000 && ssl -%>
high
<% end -%>
end
  EOF
  puts text
end
