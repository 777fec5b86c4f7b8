using KubeFlex.StandIn;

// Plays kube-apiserver or kube-controller-manager, by the name under which it is installed, as far as one sees from outside: flags are taken as strictly,
// files are read, the store is spoken to, certificates are asked for.
var name = Path.GetFileNameWithoutExtension(Environment.ProcessPath!);
var home = Path.GetDirectoryName(Environment.ProcessPath!)!;
if (args is ["--version"])
{
    Console.WriteLine($"Kubernetes v{Klog.Version(home)}");
    return 0;
}
var flags = Flags.Parse(name, args);
if (flags is null) return 1;
if (File.Exists(Path.Combine(home, $"{name}.crash")))
{
    // Told by a test: a stock program ends like this when it cannot go on.
    Klog.Write('E', await File.ReadAllTextAsync(Path.Combine(home, $"{name}.crash")));
    return 1;
}
try
{
    return name == "kube-apiserver" ? await ApiServer.RunAsync(flags) : await ControllerManager.RunAsync(flags);
}
catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException or System.Security.Cryptography.CryptographicException)
{
    Klog.Write('E', e.Message);
    return 1;
}
