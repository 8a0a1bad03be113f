# Prints, for each file named on standard input, the source with its comments
# blanked as Ripper sees them: path, number of bytes, bytes.
require "ripper"

$stdout.binmode
$stdin.each_line(chomp: true) do |path|
  src = File.binread(path)
  text = src.dup.force_encoding("UTF-8")
  next unless text.valid_encoding?
  lexer = Ripper::Lexer.new(text)
  tokens = lexer.lex
  next if lexer.error?
  starts = [0]
  src.each_byte.with_index { |b, i| starts << i + 1 if b == 10 }
  out = src.dup
  tokens.each do |(line, column), type, token|
    next unless %i[on_comment on_embdoc on_embdoc_beg on_embdoc_end on___end__].include?(type)
    from = starts[line - 1] + column
    to = type == :on___end__ ? out.bytesize : from + token.bytesize
    (from...to).each { |i| out.setbyte(i, 32) unless [10, 13].include?(out.getbyte(i)) }
  end
  puts path
  puts out.bytesize
  $stdout.write(out)
end
