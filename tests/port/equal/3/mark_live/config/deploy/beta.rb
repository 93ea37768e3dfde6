server "beta2.example.com", roles: %w[web db]
server "beta1.example.com", roles: %w[web db]
