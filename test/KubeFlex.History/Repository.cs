namespace KubeFlex.History;

/// <summary>Where the server under test lies.</summary>
internal static class Repository
{
    public static string Server => Path.Combine(Root(), "artifacts", "bin", "KubeFlex.Server", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "kubeflex-server");

    private static string Root()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "KubeFlex.slnx"))) return directory.FullName;
        throw new InvalidOperationException("this runs from a build inside the repository");
    }
}
