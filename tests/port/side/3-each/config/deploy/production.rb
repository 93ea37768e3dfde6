server "app1", user: "deploy", roles: [:app, :web], colour: "blue", ssh_options: { port: 2222 }
server "app2", user: "deploy", roles: [:app], colour: "green", ssh_options: { port: 2222 }
