task :says do
  puts "pages"
end
