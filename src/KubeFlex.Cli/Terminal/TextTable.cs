namespace KubeFlex.Cli.Terminal;

/// <summary>Columns as kubectl prints them: upper-case heads, three spaces between, no trailing blanks.</summary>
internal static class TextTable
{
    public static void Write(TextWriter writer, IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<string>> rows)
    {
        List<IReadOnlyList<string>> lines = [heads, .. rows];
        var widths = heads.Select((_, column) => lines.Max(line => line[column].Length)).ToList();
        foreach (var line in lines)
            writer.WriteLine(string.Concat(line.Select((cell, column) => cell.PadRight(widths[column] + 3))).TrimEnd());
    }
}
