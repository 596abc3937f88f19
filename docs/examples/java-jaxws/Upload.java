// JAX-WS：上传一份文档，查回执，再上传一份有错的文档并显示错在哪里。
// 退出码：0 第一份已接收；1 第一份被拒收；2 SOAP Fault 或网络故障。
import changbai.DataCollection;
import changbai.DataCollection_Service;
import changbai.Issue;
import changbai.ReceiptResult;
import changbai.UploadResult;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Base64;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.WebServiceException;

public class Upload {
    static PrintStream out;

    public static void main(String[] args) throws Exception {
        out = new PrintStream(System.out, true, "UTF-8");
        try {
            DataCollection service = new DataCollection_Service(new URL(args[0] + "?wsdl")).getDataCollectionSoap();
            Map<String, Object> context = ((BindingProvider) service).getRequestContext();
            context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, args[0]);
            context.put(BindingProvider.USERNAME_PROPERTY, args[1]);
            context.put(BindingProvider.PASSWORD_PROPERTY, args[2]);
            context.put("com.sun.xml.ws.request.timeout", 60000);
            UploadResult good = send(service, args[3], args[4]);
            ReceiptResult receipt = service.queryReceipt(good.getReceipt(), null);
            out.println("receipt " + receipt.getReceipt() + " " + receipt.getState());
            send(service, args[3] + "-WRONG", args[5]);
            System.exit("rejected".equals(good.getStatus()) ? 1 : 0);
        } catch (WebServiceException fault) {
            System.err.println("fault " + fault.getMessage());
            System.exit(2);
        }
    }

    static UploadResult send(DataCollection service, String documentId, String path) throws IOException {
        String payload = pack(Files.readAllBytes(Paths.get(path)));
        UploadResult result = service.upload("C0002", documentId, payload, null, null, null, null);
        out.println(result.getStatus() + " " + result.getCode() + " " + result.getMessage());
        if (result.getIssues() == null) return result;
        for (Issue issue : result.getIssues().getIssue()) {
            out.println("  " + issue.getSeverity() + " " + issue.getCode() + " " + issue.getMessage());
            out.println("    " + issue.getPath() + " line " + issue.getLine());
            out.println("    " + issue.getHint());
        }
        return result;
    }

    // 必须先关闭 GZIPOutputStream 再取字节，否则数据不完整（SND-211）。
    static String pack(byte[] xml) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(xml);
        }
        return Base64.getEncoder().encodeToString(packed.toByteArray());
    }
}
