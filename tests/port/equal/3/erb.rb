# Templates.
require "erb"
set :application, "shop"
set :port, 3000
set :domains, %w[a.example.com b.example.com]

task :shows do
  port = fetch(:port)
  domains = fetch(:domains)
  template = <<~ERB
    server <%= fetch(:application) %>:<%= port + 1 %>
    <% domains.each_with_index do |domain, i| -%>
    <%= i %> <%= domain %>
    <% end -%>
    <% if domains.any? -%>
    some
    <% else -%>
    none
    <% end -%>
    <%= domains.map { |d| "[" + d + "]" }.join(",") %>
  ERB
  puts ERB.new(template, trim_mode: "-").result(binding)
end

task :sends do
  on roles(:app) do
    upload! StringIO.new(ERB.new("port <%= fetch(:port) %>").result(binding)), "/etc/app.conf"
  end
end
