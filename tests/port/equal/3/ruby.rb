# Ruby's own around commands.
set :names, %w[a b c]
set :map, { one: 1, "two" => 2 }
set(:lazy) { "#{fetch(:base)}/lazy" }
set :base, "/base"
set_if_empty :base, "/other"
set_if_empty :fresh, "new"
append :names, "d"
remove :names, "a"

def script(name)
  "/opt/bin/#{name}"
end

task :loops do
  on roles(:db) do
    fetch(:names).each { |name| execute :echo, name }
    3.times { |n| execute :echo, n }
    fetch(:map).each do |key, value|
      execute :echo, "#{key}=#{value}"
    end
    %w[x y].each_with_index do |name, index|
      execute :echo, name, index
    end
  end
end

task :values do
  on roles(:db) do
    execute :echo, fetch(:lazy), fetch(:fresh)
    execute script("run")
    execute :echo, fetch(:nothing, "default")
    execute :echo, fetch(:names).map { |name| "<#{name}>" }.join(" ")
    execute :echo, fetch(:names).select { |name| name > "b" }.size
    execute :echo, "Mixed".upcase, "x".length
  end
end

task :choices do
  on roles(:db) do
    case fetch(:stage)
    when :production then execute :production
    else execute :other
    end
    execute :yes if fetch(:base) == "/base"
    execute :no unless fetch(:base) == "/base"
    word = fetch(:nothing) ? "there" : "missing"
    execute :echo, word
    if fetch(:names).include?("b") && !fetch(:names).empty?
      execute :both
    elsif fetch(:base).nil?
      execute :neither
    end
  end
end

task :heredoc do
  on roles(:db) do
    execute <<-CMD
      cd /srv
      ls
    CMD
    execute "a; " \
            "b"
  end
end

task :rescues do
  on roles(:db) do
    begin
      execute :might_fail
    rescue StandardError => e
      execute :cleanup
    end
    execute :last, raise_on_non_zero_exit: false
  end
end
