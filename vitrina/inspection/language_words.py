"""What each language is recognised by: its little words, words that shops use, its letters and its endings."""

# Words that are common in texts about goods. A word that several languages share counts for each, divided by their
# number, so that `de` says little and `och` says all.
WORDS: dict[str, str] = {
    "en": """
        the and of to in is for with on that this it are be as by from or an at your you our we has have its not can
        will all more other than which their also when into only both but very use used made make easy perfect each up
        out women men women's men's womens mens girls boys kids black white blue red green grey brown pink yellow navy
        purple silver gold shirt shirts t-shirt tshirt shoes dress top bag watch pack set size cotton leather wooden
        steel water free high new light color colour home buy online price features product products table cover case
        black-and-white milk juice bread cheese chicken fish apple pear rice meat vegetable vegetables fruit sweet
        fresh wireless digital camera software system speaker speakers remote control cable power edition version
        upgrade player battery mount charger headphones stereo window windows license complete standard professional
        full mac user users retail family studio kit washer dryer refrigerator oven range hood finish stainless large
        small medium jeans sandals flip flops casual formal sports print printed solid round neck sleeve sleeves
        stripes striped checked polo heels flats socks belt wallet sunglasses backpack deodorant perfume lipstick
        earrings necklace
    """,
    "es": """
        no ser fue ya hay puede pueden sólo solo cuando donde está están hacer usar de la el en y los las un una para
        con del por sin al que es su sus se lo como más o este esta muy también entre desde hasta ha son cada todo
        toda todos tipo color talla hombre mujer niño niña niños bebé negro negra blanco blanca azul rojo roja verde
        gris marrón rosa amarillo amarilla morado plata dorado algodón cuero madera acero camisa camiseta zapatos
        vestido bolso reloj pantalón falda taza silla mesa leche agua pan queso pollo pescado carne arroz aceite vino
        cerveza zumo fruta verdura galletas yogur natural crema gel champú jabón detergente limpiador ecológico fresco
        entero entera desnatada semidesnatada cortado rallado troceado congelado bebida salsa café infusión hacendado
        caja botella bolsa bote paquete unidades gama hecho ideal tamaño precio oferta envío gratis producto productos
        nuevo nueva sabor jamón atún huevos tomate patatas limón naranja manzana fresa piña ajo cebolla pimiento lomo
        filetes pechuga chuletas hamburguesa ensalada sopa tarta helado turrón chocolate cacao azúcar sal pimienta
        harina maíz trigo avena perro gato labios ojos cabello rostro uñas pelo maquillaje colonia desodorante cepillo
        papel higiénico servilletas velas rallador taladro cuchillo vaso plato lámpara cojín manta toalla sábana
        cortina suelto tinto rosado seco dulce integral ligera bajo manga cuello
    """,
    "fr": """
        le la les de des du un une et en pour avec sans sur dans est sont qui que au aux par plus ce cette ces son sa
        ses vos votre notre nous très aussi ou ne pas se il elle tout tous toute homme femme enfant fille garçon bébé
        noir noire blanc blanche bleu bleue rouge vert verte gris grise marron rose jaune coton cuir bois acier
        chemise chaussures robe sac montre pantalon jupe tasse chaise table lait eau pain fromage poulet poisson
        viande riz huile vin bière jus fruit légumes taille couleur prix livraison gratuite produit produits nouveau
        nouvelle idéal facile manches col longues courtes rayures fleurs lot boîte qualité fabriqué pièces été hiver
        maison cuisine
    """,
    "de": """
        der die das und mit für von den dem ein eine einer eines einem ist sind im in zu zum zur auf aus bei auch
        nicht oder aber wie sich wird werden ihre ihr sie es als an nach über durch ohne bis alle mehr sehr kann
        herren damen kinder mädchen jungen schwarz weiß blau rot grün grau braun gelb silber gold baumwolle leder holz
        stahl hemd schuhe kleid tasche uhr hose rock tasse stuhl tisch milch wasser brot käse hähnchen fisch fleisch
        reis öl wein bier saft obst gemüse größe farbe preis versand kostenlos produkt produkte neu neue neuer ideal
        einfach stück packung set hochwertig hergestellt lange kurze ärmel kragen küche haus garten
    """,
    "it": """
        il lo la i gli le di del della dei delle degli un uno una e in per con senza su da dal dalla al alla ai alle
        che è sono non si ma anche più o come questo questa suo sua nel nella molto ogni tutto tutti uomo donna
        bambino bambina bambini neonato nero nera bianco bianca blu azzurro rosso rossa verde grigio grigia marrone
        giallo gialla rosa argento oro cotone pelle legno acciaio camicia maglietta scarpe vestito borsa orologio
        pantaloni gonna tazza sedia tavolo latte acqua pane formaggio pollo pesce carne riso olio vino birra succo
        frutta verdura taglia colore prezzo spedizione gratuita prodotto prodotti nuovo nuova ideale facile pezzi
        confezione manica lunga corta collo cucina casa
    """,
    "pt": """
        o a os as de do da dos das um uma e em no na nos nas para com sem por pelo pela que é são se ao à às mais ou
        como este esta seu sua muito também entre cada tudo todos não homem mulher menino menina bebê bebé crianças
        preto preta branco branca azul vermelho vermelha verde cinza cinzento marrom castanho rosa amarelo amarela
        prata dourado algodão couro madeira aço camisa camiseta sapatos vestido bolsa relógio calça calças saia xícara
        chávena cadeira mesa leite água pão queijo frango peixe carne arroz óleo azeite vinho cerveja suco sumo fruta
        legumes tamanho cor preço frete envio grátis produto produtos novo nova ideal fácil peças caixa manga longa
        curta gola cozinha casa
    """,
    "nl": """
        de het een en van voor met zonder op in is zijn dat die dit te aan bij ook niet of maar als om uit door over
        naar wordt worden kan uw je jouw onze alle meer zeer heren dames kinderen meisjes jongens zwart zwarte wit
        witte blauw blauwe rood rode groen groene grijs grijze bruin bruine geel gele roze zilver goud katoen leer
        leren hout houten staal overhemd schoenen jurk tas horloge broek rok kopje mok stoel tafel melk water brood
        kaas kip vis vlees rijst olie wijn bier sap fruit groenten maat kleur prijs verzending gratis product
        producten nieuw nieuwe ideaal makkelijk eenvoudig stuks doos lange korte mouwen kraag keuken huis
    """,
    "sv": """
        och att det som en ett på är för med av till den i från om inte har kan utan även eller men så vid sin sitt
        sina mycket mer alla detta denna dessa vara blir ur efter under mellan innehåller passar bra både eget egna du
        dig din herr dam barn flickor pojkar svart vit vitt blå blått röd rött grön grönt grå grått brun brunt gul
        gult rosa silver guld bomull läder trä stål skjorta skor klänning väska klocka byxor kjol kopp mugg stol bord
        mjölk vatten bröd ost kyckling fisk kött ris olja vin öl saft juice frukt grönsaker storlek färg pris frakt
        gratis produkt produkter ny nya nytt lätt smak naturell ekologisk fetthalt gräddfil dryck svensk svenska
        citron äpple äpplen apelsin socker långa korta ärmar krage kök hem
    """,
    "da": """
        skal hvis kun når hvor kunne blev jeg ingen hvilken og at det som en et på er for med af til den i fra om ikke
        har kan uden også eller men så ved sin sit sine meget mere alle dette denne disse være bliver efter under
        mellem du dig din herre dame børn piger drenge sort hvid blå rød grøn grå brun gul lyserød sølv guld bomuld
        læder træ stål skjorte sko kjole taske ur bukser nederdel kop krus stol bord mælk vand brød ost kylling fisk
        kød ris olie vin øl juice frugt grøntsager størrelse farve pris levering gratis produkt produkter ny nye nyt
        let smag lange korte ærmer krave køkken hjem kvalitet
    """,
    "nb": """
        skal hvis kun bare når hvor kunne ble jeg ingen hvilken og at det som en et på er for med av til den i fra om
        ikke har kan uten også eller men så ved sin sitt sine mye mer alle dette denne disse være blir etter under
        mellom du deg din herre dame barn jenter gutter svart hvit blå rød grønn grå brun gul rosa sølv gull bomull
        skinn lær tre stål skjorte sko kjole veske klokke bukse bukser skjørt kopp krus stol bord melk vann brød ost
        kylling fisk kjøtt ris olje vin øl juice frukt grønnsaker størrelse farge pris frakt gratis produkt produkter
        ny nye nytt lett smak lange korte ermer krage kjøkken hjem kvalitet
    """,
    "fi": """
        ja on ei se että tämä joka ovat myös kun mutta tai sekä kanssa ilman jossa voi hyvin sen niin kuin mukaan
        sopii miesten naisten lasten musta valkoinen sininen punainen vihreä harmaa ruskea keltainen puuvilla nahka
        puu teräs paita kengät mekko laukku kello housut hame kuppi muki tuoli pöytä maito vesi leipä juusto kana kala
        liha riisi öljy viini olut mehu hedelmät vihannekset koko väri hinta toimitus ilmainen tuote tuotteet uusi
        helppo kappaletta pitkät lyhyet hihat kaulus keittiö koti
    """,
    "pl": """
        i w na z do się nie jest że dla o od po przez oraz jak ten ta to te które który jego bez pod przy może są być
        także męski męska damski damska dziecięcy dzieci dziewczynki chłopcy czarny czarna biały biała niebieski
        niebieska czerwony czerwona zielony szary brązowy żółty różowy srebrny złoty bawełna skóra drewno drewniany
        stal koszula koszulka buty sukienka torba torebka zegarek spodnie spódnica kubek krzesło stół mleko woda chleb
        ser kurczak ryba mięso ryż olej wino piwo sok owoce warzywa rozmiar kolor cena dostawa darmowa produkt
        produkty nowy nowa nowe łatwy sztuk zestaw długi rękaw kuchnia dom
    """,
}

# Letters that a language uses and few others do.
LETTERS: dict[str, str] = {
    "es": "ñ¿¡áíóú",
    "fr": "çèêëàâîïôûùœé",
    "de": "ßäöü",
    "it": "àèìòù",
    "pt": "ãõçâêôáéíóú",
    "nl": "ëï",
    "sv": "åäö",
    "da": "æøå",
    "nb": "æøå",
    "fi": "äö",
    "pl": "ąćęłńóśźż",
}

# Endings of words of six letters or more.
ENDINGS: dict[str, tuple[str, ...]] = {
    "en": ("ing", "tion", "ness", "ight", "ough", "ed", "ly", "ies"),
    "es": ("ción", "ciones", "dad", "ado", "ada", "ados", "adas", "ero", "era", "illo", "illa", "ente", "oso", "osa"),
    "fr": ("tion", "ment", "eux", "euse", "ette", "eau", "aux", "ique", "age", "oir"),
    "de": ("ung", "keit", "heit", "lich", "isch", "chen", "schen", "tten", "gen"),
    "it": ("zione", "zioni", "mente", "ità", "ello", "ella", "etto", "etta", "ezza", "issimo", "ino", "ina"),
    "pt": ("ção", "ções", "dade", "mente", "inho", "inha", "eiro", "eira", "agem", "ado", "ada"),
    "nl": ("ing", "heid", "lijk", "lijke", "tje", "tjes", "isch", "ische", "aar", "eren"),
    "sv": ("ning", "het", "lig", "liga", "ande", "arna", "erna", "orna", "ssig", "skt"),
    "da": ("ning", "hed", "lig", "lige", "ende", "erne", "else"),
    "nb": ("ning", "het", "lig", "lige", "ende", "ene", "else"),
    "fi": ("nen", "ssa", "ssä", "sta", "stä", "lla", "llä", "inen", "iset", "uus", "isto"),
    "pl": ("ość", "anie", "enie", "owy", "owa", "owe", "ego", "ych", "nie", "ska", "ski"),
}

# One letter of these blocks is worth as much as a word of its own.
SCRIPTS: tuple[tuple[int, int, str], ...] = (
    (0x0370, 0x03FF, "el"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x06FF, "ar"),
    (0x0900, 0x097F, "hi"),
    (0x0E00, 0x0E7F, "th"),
    (0x3040, 0x30FF, "ja"),
    (0xAC00, 0xD7AF, "ko"),
)
