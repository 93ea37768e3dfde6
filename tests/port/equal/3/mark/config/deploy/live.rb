server "live1.example.com", roles: %w[web db]
server "live2.example.com", roles: %w[db], primary: true
server "live3.example.com", roles: %w[db], primary: true
