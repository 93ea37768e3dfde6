set :stage, :production
set :log_lines, 100
role :app, %w[deploy@app1.example.com deploy@app2.example.com]
role :web, "deploy@web1.example.com"
server "db1.example.com", user: "deploy", roles: %w[db], primary: true
