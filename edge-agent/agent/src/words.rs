//! The words of the box's page and of its printed sheet, in the languages of
//! the shops: one table, every word in every language.

mod troubles;

use serde::Deserialize;
use tidemark_model::Kind;

pub(crate) use troubles::trouble;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Polish.
    Pl,
    /// Portuguese.
    Pt,
}

impl Language {
    /// All of them, in the order of the table.
    pub(crate) const ALL: [Self; 6] = [Self::En, Self::De, Self::Fr, Self::Es, Self::Pl, Self::Pt];

    /// As a page's `lang` says it.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Pl => "pl",
            Self::Pt => "pt",
        }
    }

    /// The one of a tag, such as `de` or `de-AT`.
    pub(crate) fn of(tag: &str) -> Option<Self> {
        let first = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(first))
    }

    /// The word in this language.
    pub(crate) const fn say(self, word: Word) -> &'static str {
        let [en, de, fr, es, pl, pt] = word.texts();
        match self {
            Self::En => en,
            Self::De => de,
            Self::Fr => fr,
            Self::Es => es,
            Self::Pl => pl,
            Self::Pt => pt,
        }
    }
}

macro_rules! words {
    ($($word:ident: $en:literal, $de:literal, $fr:literal, $es:literal, $pl:literal, $pt:literal;)+) => {
        /// What can be said.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Word { $($word,)+ }

        impl Word {
            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$word,)+];

            /// In the order of [`Language::ALL`].
            const fn texts(self) -> [&'static str; 6] {
                match self { $(Self::$word => [$en, $de, $fr, $es, $pl, $pt],)+ }
            }
        }
    };
}

words! {
    Sheet: "Commands for scanners", "Befehle für Scanner", "Commandes pour lecteurs", "Órdenes para lectores", "Polecenia dla skanerów", "Comandos para leitores";
    SheetNote: "These codes work in this store only. Keep the sheet away from customers.", "Diese Codes gelten nur in dieser Filiale. Das Blatt gehört nicht in Kundenhand.", "Ces codes ne valent que dans ce magasin. Gardez cette feuille hors de portée des clients.", "Estos códigos solo valen en esta tienda. Mantenga la hoja lejos de los clientes.", "Te kody działają tylko w tym sklepie. Nie udostępniać klientom.", "Estes códigos só valem nesta loja. Mantenha a folha longe dos clientes.";
    Modes: "What a scan does", "Was ein Scan tut", "Ce que fait une lecture", "Qué hace una lectura", "Co robi skan", "O que faz uma leitura";
    Look: "Look", "Nachsehen", "Consulter", "Consultar", "Sprawdź", "Consultar";
    Sell: "Sell", "Verkauf", "Vente", "Venta", "Sprzedaż", "Venda";
    Return: "Return to the shelf", "Rückgabe ins Regal", "Retour en rayon", "Devolución al estante", "Zwrot na półkę", "Devolução à prateleira";
    Receive: "Goods in", "Wareneingang", "Réception", "Entrada de mercancía", "Przyjęcie towaru", "Entrada de mercadoria";
    Waste: "Waste", "Abschrift", "Démarque", "Merma", "Strata", "Quebra";
    Damage: "damaged", "beschädigt", "abîmé", "dañado", "uszkodzone", "danificado";
    Expiry: "expired", "abgelaufen", "périmé", "caducado", "przeterminowane", "fora de prazo";
    Theft: "stolen", "gestohlen", "volé", "robado", "skradzione", "roubado";
    OwnUse: "own use", "Eigenverbrauch", "usage interne", "consumo propio", "użytek własny", "consumo próprio";
    Sample: "sample", "Muster", "échantillon", "muestra", "próbka", "amostra";
    Recall: "recalled", "Rückruf", "rappelé", "retirado", "wycofane", "recolhido";
    Send: "Send to store", "An Filiale senden", "Envoyer au magasin", "Enviar a la tienda", "Wyślij do sklepu", "Enviar para a loja";
    Count: "Count", "Zählen", "Compter", "Contar", "Licz", "Contar";
    Quantity: "Quantity of the next item", "Menge des nächsten Artikels", "Quantité du prochain article", "Cantidad del siguiente artículo", "Ilość następnego towaru", "Quantidade do artigo seguinte";
    Reference: "Reference", "Beleg", "Référence", "Referencia", "Numer dokumentu", "Referência";
    Who: "Who works here", "Wer hier arbeitet", "Qui travaille ici", "Quién trabaja aquí", "Kto tu pracuje", "Quem trabalha aqui";
    Session: "Session", "Vorgang", "Session", "Sesión", "Sesja", "Sessão";
    Undo: "Undo the last scan", "Letzten Scan zurücknehmen", "Annuler la dernière lecture", "Deshacer la última lectura", "Cofnij ostatni skan", "Anular a última leitura";
    End: "End", "Ende", "Fin", "Fin", "Koniec", "Fim";
    Close: "Close the count", "Zählung abschließen", "Clore le comptage", "Cerrar el recuento", "Zamknij liczenie", "Fechar a contagem";
    Handheld: "Handheld", "Handgerät", "Terminal", "Terminal", "Terminal ręczny", "Terminal";
    ScanHere: "Scan or type a code, then Enter", "Code scannen oder tippen, dann Enter", "Lisez ou tapez un code, puis Entrée", "Lea o escriba un código y pulse Intro", "Zeskanuj lub wpisz kod, potem Enter", "Leia ou escreva um código e prima Enter";
    NoLane: "No lane for handhelds is configured: add a [[lane]] of role work.", "Kein Platz für Handgeräte eingestellt: eine [[lane]] mit role work anlegen.", "Aucun poste pour terminaux : ajoutez une [[lane]] de rôle work.", "No hay puesto para terminales: añada una [[lane]] de rol work.", "Brak stanowiska dla terminali: dodaj [[lane]] z rolą work.", "Não há posto para terminais: acrescente uma [[lane]] com o papel work.";
    ToCount: "To be counted", "Zu zählen", "À compter", "Por contar", "Do policzenia", "A contar";
    Days: "Trading days", "Verkaufstage", "Jours de vente", "Días de venta", "Dni sprzedaży", "Dias de venda";
    Day: "Day", "Tag", "Jour", "Día", "Dzień", "Dia";
    Tills: "Tills", "Kassen", "Caisses", "Cajas", "Kasy", "Caixas";
    Complete: "complete", "vollständig", "complet", "completo", "kompletny", "completo";
    Closed: "closed", "abgeschlossen", "clos", "cerrado", "zamknięty", "fechado";
    StillOpen: "open", "offen", "ouvert", "abierto", "otwarty", "aberto";
    LetIn: "Let a till or handheld in", "Kasse oder Handgerät zulassen", "Autoriser une caisse ou un terminal", "Admitir una caja o un terminal", "Dopuść kasę lub terminal", "Admitir uma caixa ou um terminal";
    CodeHolds: "the code holds for", "der Code gilt noch", "le code est valable encore", "el código vale aún", "kod jest ważny jeszcze", "o código vale ainda";
    ShowCode: "Show a code", "Code anzeigen", "Afficher un code", "Mostrar un código", "Pokaż kod", "Mostrar um código";
    TillName: "Its name, such as till:3", "Der Name, etwa till:3", "Son nom, par exemple till:3", "Su nombre, por ejemplo till:3", "Nazwa, na przykład till:3", "O nome, por exemplo till:3";
    Store: "Store", "Filiale", "Magasin", "Tienda", "Sklep", "Loja";
    Saved: "Everything is saved", "Alles ist gespeichert", "Tout est enregistré", "Todo está guardado", "Wszystko jest zapisane", "Está tudo guardado";
    NotSaved: "NOT SAVED: the disk of this box fails, keep every receipt", "NICHT GESPEICHERT: die Festplatte dieser Box fällt aus, jeden Bon aufheben", "NON ENREGISTRÉ : le disque de ce boîtier est défaillant, gardez chaque ticket", "NO GUARDADO: falla el disco de este equipo, conserve cada tique", "NIE ZAPISANO: dysk tego urządzenia zawodzi, zachowaj każdy paragon", "NÃO GUARDADO: o disco deste equipamento falha, guarde cada talão";
    Alone: "this box works alone: no head office is configured.", "diese Box arbeitet allein: keine Zentrale ist eingestellt.", "ce boîtier travaille seul : aucun siège n’est configuré.", "este equipo trabaja solo: no hay central configurada.", "to urządzenie działa samodzielnie: nie ustawiono centrali.", "este equipamento trabalha sozinho: não há sede configurada.";
    OfficeHasIt: "head office has it.", "die Zentrale hat es.", "le siège l’a reçu.", "la central lo tiene.", "centrala to ma.", "a sede já tem.";
    OfficeGets: "on the way to head office: {}.", "unterwegs zur Zentrale: {}.", "en route vers le siège : {}.", "de camino a la central: {}.", "w drodze do centrali: {}.", "a caminho da sede: {}.";
    OfficeAway: "head office can't be reached; it has everything.", "die Zentrale ist nicht erreichbar; sie hat alles.", "le siège est injoignable ; il a tout.", "la central no responde; lo tiene todo.", "brak połączenia z centralą; centrala ma wszystko.", "a sede não responde; tem tudo.";
    OfficeWaits: "head office can't be reached; waiting here until the line is back: {}.", "die Zentrale ist nicht erreichbar; hier wartet, bis die Leitung wieder steht: {}.", "le siège est injoignable ; en attente ici jusqu’au retour de la ligne : {}.", "la central no responde; esperan aquí hasta que vuelva la línea: {}.", "brak połączenia z centralą; czeka tutaj do powrotu łącza: {}.", "a sede não responde; esperam aqui até a linha voltar: {}.";
    Good: "OK", "OK", "OK", "OK", "OK", "OK";
    Warn: "Look", "Hinsehen", "À voir", "Atención", "Uwaga", "Atenção";
    Bad: "NOT SAVED", "NICHT GESPEICHERT", "NON ENREGISTRÉ", "NO GUARDADO", "NIE ZAPISANO", "NÃO GUARDADO";
    Troubles: "What needs a look", "Was zu tun ist", "À vérifier", "Qué hay que mirar", "Co wymaga uwagi", "O que precisa de atenção";
    Lanes: "Lanes", "Scanplätze", "Postes de lecture", "Puestos", "Stanowiska", "Postos";
    Lane: "Lane", "Scanplatz", "Poste", "Puesto", "Stanowisko", "Posto";
    Mode: "Mode", "Modus", "Mode", "Modo", "Tryb", "Modo";
    LastSaved: "Last saved scan", "Letzter gespeicherter Scan", "Dernière lecture enregistrée", "Última lectura guardada", "Ostatni zapisany skan", "Última leitura guardada";
    LastSignal: "Last signal", "Letztes Signal", "Dernier signal", "Última señal", "Ostatni sygnał", "Último sinal";
    NoneYet: "none yet", "noch keiner", "aucune", "ninguna", "brak", "nenhuma";
    Scanners: "Scanners", "Scanner", "Lecteurs", "Lectores", "Skanery", "Leitores";
    Port: "Port", "Anschluss", "Port", "Puerto", "Port", "Porta";
    State: "State", "Zustand", "État", "Estado", "Stan", "Estado";
    Scans: "Scans", "Scans", "Lectures", "Lecturas", "Skany", "Leituras";
    Ready: "ready", "bereit", "prêt", "listo", "gotowy", "pronto";
    BeingSaved: "a scan is being saved; wait for its signal", "ein Scan wird gespeichert; auf sein Signal warten", "une lecture s’enregistre ; attendez son signal", "se guarda una lectura; espere su señal", "skan jest zapisywany; czekaj na sygnał", "uma leitura está a ser guardada; aguarde o sinal";
    PlugIn: "not there; plug it in", "fehlt; bitte einstecken", "absent ; branchez-le", "no está; conéctelo", "brak; podłącz", "não está; ligue-o";
    Movements: "Last movements", "Letzte Bewegungen", "Derniers mouvements", "Últimos movimientos", "Ostatnie ruchy", "Últimos movimentos";
    NoMovements: "None yet. Scan something, or post a receipt.", "Noch keine. Etwas scannen oder einen Bon senden.", "Aucun. Lisez un code ou envoyez un ticket.", "Ninguno. Lea un código o envíe un tique.", "Brak. Zeskanuj coś lub wyślij paragon.", "Nenhum. Leia um código ou envie um talão.";
    Time: "Time", "Zeit", "Heure", "Hora", "Czas", "Hora";
    What: "What", "Was", "Quoi", "Qué", "Co", "O quê";
    Item: "Item", "Artikel", "Article", "Artículo", "Towar", "Artigo";
    Amount: "Quantity", "Menge", "Quantité", "Cantidad", "Ilość", "Quantidade";
    OnHand: "On hand", "Bestand", "En stock", "Existencias", "Stan", "Em stock";
    From: "From", "Von", "De", "De", "Od", "De";
    Aside: "kept aside", "zurückgestellt", "mis de côté", "apartado", "odłożone", "posto de lado";
    ThisBox: "This box", "Diese Box", "Ce boîtier", "Este equipo", "To urządzenie", "Este equipamento";
    SavedMovements: "Saved movements", "Gespeicherte Bewegungen", "Mouvements enregistrés", "Movimientos guardados", "Zapisane ruchy", "Movimentos guardados";
    NotYetThere: "Not yet at head office", "Noch nicht in der Zentrale", "Pas encore au siège", "Aún no en la central", "Jeszcze nie w centrali", "Ainda não na sede";
    HeadOffice: "Head office", "Zentrale", "Siège", "Central", "Centrala", "Sede";
    NoneConfigured: "none configured", "keine eingestellt", "aucun configuré", "ninguna configurada", "nie ustawiono", "nenhuma configurada";
    Heard: "last heard", "zuletzt gehört", "entendu", "última señal", "ostatni kontakt", "último contacto";
    Never: "never", "nie", "jamais", "nunca", "nigdy", "nunca";
    Catalogue: "Catalogue", "Katalog", "Catalogue", "Catálogo", "Katalog", "Catálogo";
    Version: "version", "Version", "version", "versión", "wersja", "versão";
    Program: "Program", "Programm", "Programme", "Programa", "Program", "Programa";
    Epoch: "epoch", "Epoche", "époque", "época", "epoka", "época";
    Room: "Room on disk", "Platz auf der Platte", "Place sur le disque", "Espacio en disco", "Miejsce na dysku", "Espaço no disco";
    DaysFit: "{} days of trading still fit", "noch Platz für {} Verkaufstage", "place pour {} jours de vente", "caben {} días de venta", "mieści się jeszcze {} dni sprzedaży", "cabem mais {} dias de venda";
    Documents: "Documents", "Belege", "Documents", "Documentos", "Dokumenty", "Documentos";
    Lines: "Lines", "Zeilen", "Lignes", "Líneas", "Wiersze", "Linhas";
    Id: "Id", "Id", "Id", "Id", "Id", "Id";
    UndoIt: "Undo", "Zurücknehmen", "Annuler", "Deshacer", "Cofnij", "Anular";
    UndoAsk: "This takes back the whole document: stock is as if it had never been.", "Der ganze Beleg wird zurückgenommen: der Bestand ist, als hätte es ihn nie gegeben.", "Tout le document est annulé : le stock redevient comme s’il n’avait jamais existé.", "Se anula todo el documento: las existencias quedan como si nunca hubiera existido.", "Cały dokument zostanie cofnięty: stan będzie taki, jakby go nigdy nie było.", "Anula-se o documento inteiro: o stock fica como se nunca tivesse existido.";
    UndoDone: "It is taken back.", "Er ist zurückgenommen.", "Il est annulé.", "Está anulado.", "Cofnięto.", "Está anulado.";
    UndoHeld: "Saved, but head office has to decide about it.", "Gespeichert, aber die Zentrale muss darüber entscheiden.", "Enregistré, mais le siège doit décider.", "Guardado, pero la central debe decidir.", "Zapisano, ale decyduje centrala.", "Guardado, mas a sede tem de decidir.";
    Pin: "PIN of this box", "PIN dieser Box", "Code PIN de ce boîtier", "PIN de este equipo", "PIN tego urządzenia", "PIN deste equipamento";
    PinWrong: "The PIN is wrong.", "Die PIN ist falsch.", "Le code PIN est faux.", "El PIN es incorrecto.", "Błędny PIN.", "O PIN está errado.";
    PinWait: "Too many wrong PINs. Wait a minute.", "Zu viele falsche PINs. Eine Minute warten.", "Trop de codes faux. Attendez une minute.", "Demasiados PIN incorrectos. Espere un minuto.", "Zbyt wiele błędnych PIN-ów. Poczekaj minutę.", "PIN errado demasiadas vezes. Espere um minuto.";
    NoPin: "Undo needs a PIN: an installer sets it with `tidemark-edge pin set`.", "Zurücknehmen braucht eine PIN: der Einrichter setzt sie mit `tidemark-edge pin set`.", "L’annulation demande un code PIN : l’installateur le fixe par `tidemark-edge pin set`.", "Deshacer requiere un PIN: el instalador lo fija con `tidemark-edge pin set`.", "Cofanie wymaga PIN-u: ustawia go instalator przez `tidemark-edge pin set`.", "Anular exige um PIN: o instalador define-o com `tidemark-edge pin set`.";
    Back: "Back", "Zurück", "Retour", "Volver", "Wstecz", "Voltar";
    Older: "Older", "Ältere", "Plus anciens", "Anteriores", "Starsze", "Mais antigos";
    Sale: "sale", "Verkauf", "vente", "venta", "sprzedaż", "venda";
    Returned: "return", "Rückgabe", "retour", "devolución", "zwrot", "devolução";
    Receipt: "receipt", "Eingang", "réception", "entrada", "przyjęcie", "entrada";
    TransferIn: "transfer in", "Umlagerung ein", "transfert reçu", "traspaso recibido", "przesunięcie przyjęte", "transferência recebida";
    TransferOut: "transfer out", "Umlagerung aus", "transfert envoyé", "traspaso enviado", "przesunięcie wydane", "transferência enviada";
    Adjustment: "adjustment", "Korrektur", "ajustement", "ajuste", "korekta", "ajuste";
    Counted: "count", "Zählung", "comptage", "recuento", "liczenie", "contagem";
    Tally: "tally", "Zählscan", "lecture de comptage", "lectura de recuento", "skan liczenia", "leitura de contagem";
    Void: "void", "Storno", "annulation", "anulación", "anulowanie", "anulação";
    Correction: "correction", "Berichtigung", "rectification", "corrección", "sprostowanie", "correção";
    Resolve: "code learnt", "Code gelernt", "code appris", "código aprendido", "kod rozpoznany", "código aprendido";
    Restatement: "restatement", "Neufeststellung", "réajustement", "reajuste", "przeszacowanie", "reajuste";
    DayClose: "day close", "Tagesabschluss", "clôture", "cierre del día", "zamknięcie dnia", "fecho do dia";
    InstructionResult: "answer to head office", "Antwort an die Zentrale", "réponse au siège", "respuesta a la central", "odpowiedź dla centrali", "resposta à sede";
    ModeOff: "off", "aus", "éteint", "apagado", "wyłączone", "desligado";
    ModeTill: "till", "Kasse", "caisse", "caja", "kasa", "caixa";
    ModeTillNone: "till (none)", "Kasse (keine)", "caisse (aucune)", "caja (ninguna)", "kasa (brak)", "caixa (nenhuma)";
    SaidSaved: "saved", "gespeichert", "enregistré", "guardado", "zapisano", "guardado";
    SaidNotOnFile: "saved, not on file", "gespeichert, nicht im Katalog", "enregistré, inconnu au catalogue", "guardado, no está en el catálogo", "zapisano, brak w katalogu", "guardado, não está no catálogo";
    SaidTick: "command taken", "Befehl angenommen", "commande prise", "orden aceptada", "polecenie przyjęte", "comando aceite";
    SaidUndone: "undone", "zurückgenommen", "annulé", "deshecho", "cofnięto", "anulado";
    SaidEnd: "session ended", "Vorgang beendet", "session terminée", "sesión terminada", "sesja zakończona", "sessão terminada";
    SaidClosed: "the count is closed", "die Zählung ist abgeschlossen", "le comptage est clos", "el recuento está cerrado", "liczenie jest zamknięte", "a contagem está fechada";
    SaidCountOver: "the count was closed; nothing kept, begin a zone anew", "die Zählung wurde abgeschlossen; nichts behalten, eine Zone neu beginnen", "le comptage a été clos ; rien n’est gardé, recommencez une zone", "el recuento se cerró; no se guarda nada, empiece una zona de nuevo", "liczenie zamknięto; nic nie zapisano, zacznij strefę od nowa", "a contagem foi fechada; nada ficou, comece uma zona de novo";
    SaidReminder: "a quantity waits for its item", "eine Menge wartet auf ihren Artikel", "une quantité attend son article", "una cantidad espera su artículo", "ilość czeka na towar", "uma quantidade espera o artigo";
    SaidError: "not understood, nothing kept", "nicht verstanden, nichts behalten", "pas compris, rien n’est gardé", "no entendido, no se guarda nada", "nie zrozumiano, nic nie zapisano", "não entendido, nada ficou";
    SaidAside: "kept aside without effect; scan it again", "ohne Wirkung zurückgestellt; noch einmal scannen", "mis de côté sans effet ; relisez", "apartado sin efecto; léalo otra vez", "odłożono bez skutku; zeskanuj ponownie", "posto de lado sem efeito; leia outra vez";
    SaidRepeated: "taken already", "schon angenommen", "déjà pris", "ya aceptado", "już przyjęto", "já aceite";
    TillHasIt: "the till has it", "die Kasse hat es", "la caisse l’a", "la caja lo tiene", "kasa to ma", "a caixa tem-no";
    TillRefuses: "the till does not take it", "die Kasse nimmt es nicht", "la caisse ne le prend pas", "la caja no lo toma", "kasa tego nie przyjmuje", "a caixa não o aceita";
    TillSilent: "the till did not answer; scan it again", "die Kasse hat nicht geantwortet; noch einmal scannen", "la caisse n’a pas répondu ; relisez", "la caja no respondió; léalo otra vez", "kasa nie odpowiedziała; zeskanuj ponownie", "a caixa não respondeu; leia outra vez";
    NoTill: "no till takes this lane's scans", "keine Kasse nimmt die Scans dieses Platzes", "aucune caisse ne prend les lectures de ce poste", "ninguna caja toma las lecturas de este puesto", "żadna kasa nie odbiera skanów tego stanowiska", "nenhuma caixa recebe as leituras deste posto";
    NoStock: "no stock yet", "noch kein Bestand", "pas encore de stock", "aún sin existencias", "brak stanu", "ainda sem stock";
    StockOf: "{} on hand", "Bestand {}", "{} en stock", "existencias: {}", "stan: {}", "{} em stock";
    NotListed: "{} is not on file", "{} ist nicht im Katalog", "{} est inconnu au catalogue", "{} no está en el catálogo", "brak {} w katalogu", "{} não está no catálogo";
    ScanTest: "Scan test", "Scantest", "Essai de lecture", "Prueba de lectura", "Test skanera", "Teste de leitura";
    ScanTestNote: "What scanners sent last, and what this box makes of it. Of what must not be kept only the length is shown.", "Was die Scanner zuletzt gesendet haben und was diese Box darin liest. Von dem, was nicht behalten werden darf, steht hier nur die Länge.", "Ce que les lecteurs ont envoyé en dernier et ce que ce boîtier en comprend. De ce qui ne doit pas être gardé, seule la longueur est montrée.", "Lo último que enviaron los lectores y lo que este equipo entiende. De lo que no se debe guardar solo se muestra la longitud.", "Co ostatnio wysłały skanery i jak to rozumie urządzenie. Z tego, czego nie wolno zachować, widać tylko długość.", "O que os leitores enviaram por último e o que este equipamento entende. Do que não se pode guardar só se mostra o tamanho.";
    NoReads: "Nothing was scanned yet.", "Noch wurde nichts gescannt.", "Rien n’a encore été lu.", "Aún no se ha leído nada.", "Jeszcze nic nie zeskanowano.", "Ainda nada foi lido.";
    Kind: "Symbology", "Symbologie", "Symbologie", "Simbología", "Symbologia", "Simbologia";
    Bytes: "Bytes", "Bytes", "Octets", "Bytes", "Bajty", "Bytes";
    Meaning: "Meaning", "Bedeutung", "Sens", "Significado", "Znaczenie", "Significado";
    Signal: "Signal", "Signal", "Signal", "Señal", "Sygnał", "Sinal";
    Gone: "This box does not answer: nothing is saved here now.", "Diese Box antwortet nicht: hier wird jetzt nichts gespeichert.", "Ce boîtier ne répond pas : rien n’est enregistré ici pour l’instant.", "Este equipo no responde: ahora no se guarda nada aquí.", "To urządzenie nie odpowiada: teraz nic nie jest tu zapisywane.", "Este equipamento não responde: agora nada fica guardado aqui.";
    LetInHere: "Let this device in", "Dieses Gerät zulassen", "Autoriser cet appareil", "Admitir este dispositivo", "Dopuść to urządzenie", "Admitir este dispositivo";
    CodeOfBox: "The six digits that the box shows", "Die sechs Ziffern, die die Box zeigt", "Les six chiffres que montre le boîtier", "Las seis cifras que muestra el equipo", "Sześć cyfr, które pokazuje urządzenie", "Os seis algarismos que o equipamento mostra";
    CodeWrong: "The code is wrong, or no pairing is open on the box.", "Der Code ist falsch, oder auf der Box ist keine Zulassung offen.", "Le code est faux, ou aucun appairage n’est ouvert sur le boîtier.", "El código es incorrecto o no hay admisión abierta en el equipo.", "Kod jest błędny lub na urządzeniu nie otwarto parowania.", "O código está errado ou não há admissão aberta no equipamento.";
    Unknown: "unknown", "unbekannt", "inconnu", "desconocido", "nieznane", "desconhecido";
}

impl Word {
    /// Reasons of waste on every sheet, as movements keep them.
    pub(crate) const REASONS: [(&'static str, Self); 6] = [
        ("damage", Self::Damage),
        ("expiry", Self::Expiry),
        ("theft", Self::Theft),
        ("own_use", Self::OwnUse),
        ("sample", Self::Sample),
        ("recall", Self::Recall),
    ];

    /// The word of such a reason.
    pub(crate) fn of_reason(reason: &str) -> Option<Self> {
        Self::REASONS.iter().find(|(known, _)| *known == reason).map(|(_, word)| *word)
    }

    /// What a movement is.
    pub(crate) const fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Sale => Self::Sale,
            Kind::Return => Self::Returned,
            Kind::Receipt => Self::Receipt,
            Kind::TransferIn => Self::TransferIn,
            Kind::TransferOut => Self::TransferOut,
            Kind::Adjustment => Self::Adjustment,
            Kind::Count => Self::Counted,
            Kind::Tally => Self::Tally,
            Kind::Void => Self::Void,
            Kind::Correction => Self::Correction,
            Kind::Resolve => Self::Resolve,
            Kind::Restatement => Self::Restatement,
            Kind::DayClose => Self::DayClose,
            Kind::InstructionResult => Self::InstructionResult,
            Kind::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_has_its_place_in_every_language() {
        for word in [Word::OfficeGets, Word::OfficeWaits, Word::DaysFit, Word::StockOf, Word::NotListed] {
            for language in Language::ALL {
                assert_eq!(language.say(word).matches("{}").count(), 1, "{word:?} in {language:?}");
            }
        }
    }

    #[test]
    fn every_word_is_there_in_every_language() {
        for word in Word::ALL {
            for language in Language::ALL {
                let text = language.say(*word);
                assert!(!text.trim().is_empty() && text.trim() == text, "{word:?} in {language:?}");
            }
        }
    }

    #[test]
    fn a_language_is_found_by_what_browsers_and_stores_say() {
        assert_eq!(Language::of("de-AT"), Some(Language::De));
        assert_eq!(Language::of("PT_br"), Some(Language::Pt));
        assert_eq!(Language::of("xx"), None);
        assert_eq!(Language::of(""), None);
    }
}
