server "app1", user: "deploy", roles: %w{app web db}, ssh_options: { port: 2222 }
server "app2", user: "deploy", roles: %w{app web}, ssh_options: { port: 2222 }
