def filled(name)
  path = File.expand_path("../../../../config/templates/#{name}.erb", __FILE__)
  ERB.new(File.read(path)).result(binding)
end

def found(name)
  if File.exist?((file = "config/templates/#{fetch(:application)}_#{name}.erb"))
    return file
  elsif File.exist?((file = "config/templates/#{name}.erb"))
    return file
  end
  nil
end

def smart(name)
  if path = found(name)
    StringIO.new(ERB.new(File.read(path)).result(binding))
  end
end

task :fills do
  %w[web logs].each { |name| puts filled(name) }
end

task :finds do
  %w[special web].each do |name|
    on(roles(:app)) { upload! smart(name), "/etc/#{name}" }
  end
end
