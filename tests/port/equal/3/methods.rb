# Methods of strings, lists, maps and numbers.
task :texts do
  name = "feature/some_branch"
  puts name.tr("/_", "--"), name.tr("a-z", "A-Z"), name.tr("^a-z", "-"), name.delete("_")
  stamp = "20240102030405"
  puts stamp[0..3], stamp[0, 8], stamp[-4..-1], stamp[4...6], stamp[2..-3], stamp[/\d{4}/], stamp.slice(0, 4)
  puts "Hello".chop, "Hello".chomp("lo"), "v1.2".delete_prefix("v"), "a.rb".delete_suffix(".rb")
  puts "|#{'  x '.lstrip}|#{' x  '.rstrip}|"
  puts "ab".ljust(5, "."), "7".rjust(3, "0"), "ab".reverse, "abc".chars.join("-")
  puts "a-b_c".split(/[-_]/).join(" "), "Hello".end_with?("x", "lo"), "AbC".casecmp?("aBc")
  puts "key=value".partition("=").last, "one two".split.map(&:capitalize).join(" ")
  words = "=-"
  puts words * 3
end

task :formats do
  puts "%03d" % 7, "%.2f" % 3.14159, "%5s|" % "ab", "%-5s|" % "ab", "%02d:%02d" % [5, 7], "%d%%" % 50
  puts format("%s is %d", "x", 3), sprintf("%6.1f", 2.5)
end

task :lists do
  list = %w[d b a c]
  count = 2
  puts list.first(count).join(","), list.last(count).join(","), list.take(1).join, list.drop(3).join
  puts list[1..-1].join(","), list[0...-1].join(","), list[1, 2].join(",")
  puts (list - %w[a b]).join(","), (list & %w[a b]).join(","), (list | %w[a z]).join(",")
  puts list.min, list.max, list.sort.reverse.join, list.sort { |a, b| b <=> a }.join
  puts list.sort_by { |item| item }.join, list.max_by { |item| item }, list.count("a"), list.count { |item| item > "b" }
  puts list.each_slice(3).map(&:first).join, list.zip([1, 2, 3, 4]).map { |a, b| "#{a}#{b}" }.join
  puts list.partition { |item| item < "c" }.map(&:length).join(","), list.none? { |item| item == "q" }
  puts list.each_with_index.map { |item, at| "#{item}#{at}" }.join, list.flat_map { |item| [item, "-"] }.join
  puts list.each_with_object([]) { |item, all| all << item + item }.join
  puts [1, 2, 3].sum, [1, 2, 3].inject(:+), [1, 2, 3].inject { |a, b| a * b }, (1..4).select(&:even?).join
  puts [["a", 1], ["b", 2]].to_h["b"], [nil, 1].compact.length, [3, 4].values_at(1).first
  list.delete("a")
  list.insert(1, "n")
  puts list.pop, list.shift, list.join
  list |= %w[x n]
  list -= %w[n]
  puts list.join
  list.clear
  puts list.empty?
  %w[z y].sort.each { |item| puts item }
  { "k" => 1 }.sort_by { |_, value| value }.each { |key, value| puts "#{key}#{value}" }
end

task :numbers do
  puts 4.even?, 4.odd?, 0.zero?, 9.clamp(1, 3), 5.to_s.rjust(3, "0"), 7.5.to_i
  3.downto(1) { |number| puts number }
  1.step(5, 2) { |number| puts number }
  [1, 2].each.with_index(1) { |number, at| puts "#{number} #{at}" }
  %w[a b c].each_slice(2) { |slice| puts slice.join("+") }
  %w[a b].reverse_each { |item| puts item }
  puts [5, "a", [1], nil].map { |value| value.is_a?(Array) ? "list" : "other" }.join(",")
  puts 3.times.map { |number| number * 2 }.join(",")
end

task :maps do
  map = { "a" => 1, "b" => 2 }
  puts map.any? { |_, value| value == 2 }, map.find { |_, value| value == 2 }.first, map.sum { |_, value| value }
  puts map.select { |_, value| value > 1 }.keys.join, map.count { |_, value| value > 0 }, map.to_a.flatten.join
  more = { "c" => 3, **map }
  puts more.length, more.value?(3)
  puts "a1b2".gsub(/[0-9]/) { |digit| (digit.to_i + 1).to_s }, "look".gsub("o") { |found| found.upcase }
  puts %w[ab cd].grep(/a/).join, %w[a b].to_h { |item| [item, 1] }.keys.join
end
