# A function that fills in templates, as many recipes have it.
set :application, "shop"
set :port, 8080
set :domains, %w(shop.example.com www.example.com)
role :web, "web1"
role :app, "app1", "app2"

load "config/recipes/base"
load "config/recipes/nginx"
